using Grpc.Core;
using RftAspire.Contracts.Ingestion.V1;
using RftAspire.Ingestion;
using Wire = RftAspire.Contracts.Ingestion.V1;

namespace RftAspire.Services.Tests.Ingestion;

public sealed class DatasetChecksServiceTests : IDisposable
{
    private readonly ServiceUnderTest<DatasetChecksService> _service = new();

    public DatasetChecksServiceTests()
    {
        var staging = Directory.CreateDirectory(Path.Combine(_service.Store.Root, "staging"));
        File.WriteAllText(Path.Combine(staging.FullName, "a.jsonl"), "\n{\"messages\":1}\n");
    }

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task CheckDataset_BadFile_IsAVerdictWithFindings()
    {
        var response = await Check("staging/a.jsonl");

        Assert.Equal((Wire.DatasetVerdict.Reject, 0), (response.Verdict, response.Rows));
        Assert.Equal((2, "messages_not_array"), (response.Findings.Single().Line, response.Findings.Single().Code));
    }

    [Theory]
    [InlineData("user", Wire.DatasetVerdict.Accept, null)]
    [InlineData("assistant", Wire.DatasetVerdict.Accept, null)]
    // Closer to conversations than to prompts: one row of three is at fault.
    [InlineData("assistant assistant user", Wire.DatasetVerdict.Reject, "last_message_not_assistant")]
    [InlineData("user user assistant", Wire.DatasetVerdict.Reject, "last_message_not_user")]
    public async Task CheckDataset_PromptsOrConversations_AreJudgedAsWhatTheyAre(string last, Wire.DatasetVerdict verdict, string? code)
    {
        var rows = last.Split(' ').Select((role, i) => $$"""{"messages":[{"role":"user","content":"{{i}}?"},{"role":"user","content":"and?"},{"role":"{{role}}","content":"x"}]}""");
        File.WriteAllLines(Path.Combine(_service.Store.Root, "staging", "rows.jsonl"), rows);

        var response = await Check("staging/rows.jsonl");

        Assert.Equal((verdict, code), (response.Verdict, response.Findings.FirstOrDefault()?.Code));
    }

    [Theory]
    [InlineData("", StatusCode.InvalidArgument)]
    [InlineData("../a.jsonl", StatusCode.InvalidArgument)]
    [InlineData("staging/../../a.jsonl", StatusCode.InvalidArgument)]
    [InlineData("/etc/hostname", StatusCode.InvalidArgument)]
    [InlineData("staging/b.jsonl", StatusCode.NotFound)]
    [InlineData("staging", StatusCode.NotFound)]
    public async Task CheckDataset_PathThatNamesNoFileOfTheStore_IsTheCallersMistake(string path, StatusCode code)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => Check(path));

        Assert.Equal(code, error.StatusCode);
        Assert.Contains($"'{path}'", error.Status.Detail, StringComparison.Ordinal);
    }

    private async Task<CheckDatasetResponse> Check(string path)
    {
        using var channel = _service.Channel();
        var request = new CheckDatasetRequest { DatasetPath = path };
        return await new DatasetChecks.DatasetChecksClient(channel).CheckDatasetAsync(request, deadline: DateTime.UtcNow.AddSeconds(20));
    }
}
