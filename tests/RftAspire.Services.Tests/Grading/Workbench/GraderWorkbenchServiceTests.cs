using Grpc.Core;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Grading.Workbench;
using RftAspire.Services.Tests.Jobs;

namespace RftAspire.Services.Tests.Grading.Workbench;

public sealed class GraderWorkbenchServiceTests : IDisposable
{
    private const string Exact = """{"type":"string_check","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}""";
    private readonly ServiceUnderTest<GraderWorkbenchService> _service = new();

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task Validate_SoundGrader_IsToldWithItsDefaultsAndColumns()
    {
        var response = await CallAsync(client => client.ValidateAsync(new() { GraderJson = """{ "reference": "{{item.a.b}}", "type": "label_set" }""" }));

        Assert.StartsWith("""{"type":"label_set","name":"label_set","reference":"{{item.a.b}}",""", response.GraderJson, StringComparison.Ordinal);
        Assert.Contains("\"beta\":1,", response.GraderJson, StringComparison.Ordinal);
        Assert.Equal(("label_set", "label_set", 64, false), (response.Name, response.Type, response.Digest.Length, response.NeedsPlatform));
        Assert.Equal(("a.b", "labels"), (response.Columns.Single().Path, response.Columns.Single().Kind));
    }

    [Fact]
    public async Task Validate_FaultyPart_IsTheCallersMistakeWithItsPath()
    {
        var error = await FailsAsync(client => client.ValidateAsync(new() { GraderJson = $$$"""{"type":"multi","graders":{"a":{{{Exact}}},"b":{"type":"oracle"}},"calculate_output":"a"}""" }));

        Assert.Equal(["grader_json"], JobsUnderTest.Fields(error));
        Assert.Contains("$.graders.b.type: 'oracle'", error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Answer_HasRewardAndParts()
    {
        var response = await CallAsync(client => client.RunAsync(new() { GraderJson = Exact, ItemJson = """{"messages":[],"r":"x"}""", ModelSample = "<think>why</think>x" }));

        Assert.Equal((RunResponse.ResultOneofCase.Reward, 1.0), (response.ResultCase, response.Reward));
        Assert.Equal(("string_check", 1.0), (response.Parts.Single().Name, response.Parts.Single().Reward));
    }

    [Fact]
    public async Task Run_RowWithoutTheColumn_IsDataNotAnError()
    {
        var response = await CallAsync(client => client.RunAsync(new() { GraderJson = Exact, ModelSample = "x" }));

        Assert.Equal((RunResponse.ResultOneofCase.Ungraded, "invalid_reference"), (response.ResultCase, response.Ungraded.Kind));
        Assert.Equal("invalid_reference", response.Parts.Single().Ungraded.Kind);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{")]
    [InlineData("""{"r":1,"r":2}""")]
    public async Task Run_ItemThatIsNoObject_IsTheCallersMistake(string item)
    {
        var error = await FailsAsync(client => client.RunAsync(new() { GraderJson = Exact, ItemJson = item, ModelSample = "x" }));

        Assert.Equal(["item_json"], JobsUnderTest.Fields(error));
    }

    [Fact]
    public async Task Test_RowsSent_ReportsProgressThenTheSameNumbersAsTheLibrary()
    {
        var responses = await TestAsync(
            Setup(new TestSetup { GraderJson = Exact, AnswerColumn = "said", ReferenceColumn = "rated" }),
            Row("""{"messages":[{"role":"user","content":"a or b?"}],"r":"a","said":"a","rated":true}"""),
            Row("""{"messages":[{"role":"user","content":"b or c?"}],"r":"b","said":"c","rated":false}""", "b"));

        var report = responses[^1].Report;
        Assert.Equal((2, 3, 0.75), (report.Rows, report.Answers, report.Rewards.Mean));
        // The third answer is right, and rated 0.
        Assert.Equal((0.667, 3), (Math.Round(report.Agreement.Accuracy.Value, 3), report.Agreement.Accuracy.N));
        var progress = responses.SkipLast(1).Select(response => response.Progress).ToList();
        Assert.Equal((3 + 2 * report.Exploits.Tried, true), (progress[^1].Total, progress.Zip(progress.Skip(1)).All(pair => pair.First.Done < pair.Second.Done)));
    }

    [Fact]
    public async Task Test_UploadedDataset_TakesItsRowsAndTheAnswersSent()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_service.Store.DatasetFile("file-1"))!);
        File.WriteAllText(_service.Store.DatasetFile("file-1"), """
            {"messages":[{"role":"user","content":"one"}],"r":"a"}

            {"messages":[{"role":"user","content":"two"}],"r":"b"}
            """);

        var report = (await TestAsync(Setup(new TestSetup { GraderJson = Exact, DatasetId = "file-1" }), new TestRequest { Row = new TestRow { Line = 3, Answers = { new TestAnswer { OutputText = "b" } } } }))[^1].Report;

        Assert.Equal((2, 1, 1.0), (report.Rows, report.Answers, report.Rewards.Mean));
    }

    [Theory]
    [InlineData("setup", "the first request must carry it", false, "", "", "", 0)]
    [InlineData("setup.dataset_id", "there is no dataset '../x'", true, "../x", "", "", 0)]
    [InlineData("setup.answer_column", "'{{sample.output_text}}' names no column", true, "", "{{sample.output_text}}", "", 0)]
    [InlineData("setup.reference_column", "'a..b' is no dotted path", true, "", "", "a..b", 0)]
    [InlineData("setup.options.steps", "-1 is out of range", true, "", "", "", -1)]
    [InlineData("setup", "line 1 has no value for the answer column", true, "", "nothing", "", 0)]
    [InlineData("setup", "line 1: the rating at r is \"a\"", true, "", "", "r", 0)]
    public async Task Test_Mistake_NamesItsField(string field, string part, bool hasSetup, string dataset, string answers, string reference, int steps)
    {
        var setup = new TestSetup { GraderJson = Exact, DatasetId = dataset, AnswerColumn = answers, ReferenceColumn = reference, Options = new TestOptions() };
        if (steps != 0) setup.Options.Steps = steps;

        var error = await Assert.ThrowsAsync<RpcException>(() => TestAsync(hasSetup ? Setup(setup) : Row("""{"r":"a"}"""), Row("""{"r":"a"}""", "a")));

        Assert.Equal([field], JobsUnderTest.Fields(error));
        Assert.Contains(part, error.Status.Detail, StringComparison.Ordinal);
    }

    private static TestRequest Setup(TestSetup setup) => new() { Setup = setup };

    private static TestRequest Row(string json, params string[] answers) =>
        new() { Row = new TestRow { RowJson = json, Answers = { answers.Select(answer => new TestAnswer { OutputText = answer, Reference = 0 }) } } };

    private async Task<T> CallAsync<T>(Func<GraderWorkbench.GraderWorkbenchClient, AsyncUnaryCall<T>> call)
    {
        using var channel = _service.Channel();
        return await call(new GraderWorkbench.GraderWorkbenchClient(channel));
    }

    private async Task<RpcException> FailsAsync<T>(Func<GraderWorkbench.GraderWorkbenchClient, AsyncUnaryCall<T>> call)
    {
        var error = await Assert.ThrowsAsync<RpcException>(() => CallAsync(call));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        return error;
    }

    private async Task<List<TestResponse>> TestAsync(params TestRequest[] requests)
    {
        using var channel = _service.Channel();
        return await WorkbenchCalls.TestAsync(new GraderWorkbench.GraderWorkbenchClient(channel), requests);
    }
}

/// <summary>Calls of the workbench that stream.</summary>
internal static class WorkbenchCalls
{
    public static async Task<List<TestResponse>> TestAsync(GraderWorkbench.GraderWorkbenchClient client, params TestRequest[] requests)
    {
        using var call = client.Test(deadline: DateTime.UtcNow.AddMinutes(1));
        try
        {
            foreach (var request in requests) await call.RequestStream.WriteAsync(request);
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException)
        {
            // The server answers a bad request before its end; the answer says why.
        }
        var responses = new List<TestResponse>();
        await foreach (var response in call.ResponseStream.ReadAllAsync()) responses.Add(response);
        return responses;
    }
}
