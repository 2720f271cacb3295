using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using RftAspire.Ingestion;
using RftAspire.Services.Tests.Jobs.OpenAi;
using Xunit.Abstractions;

namespace RftAspire.Services.Tests.Jobs.Files;

/// <summary>A dataset of ten thousand rows, with Ingestion's own checks behind the upload.</summary>
public sealed class LargeDatasetTests(LargeDatasetTests.JobsAndIngestion service, ITestOutputHelper output) : IClassFixture<LargeDatasetTests.JobsAndIngestion>
{
    private const int Rows = 10_000;

    [RedisFact]
    public async Task Upload_TenThousandRows_IsCheckedListedAndTunedOn()
    {
        var text = Text(Rows);

        var start = Stopwatch.GetTimestamp();
        var id = await service.UploadFileAsync(text);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"uploaded and checked {text.Length} bytes in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms"));
        var listed = (await (await service.Http.GetAsync("/v1/files")).JsonAsync()).GetProperty("data")[0];
        var job = await (await service.PostJsonAsync("/v1/fine_tuning/jobs", $$$$$"""
            {"model":"base","training_file":"{{{{{id}}}}}","method":{"type":"reinforcement","reinforcement":{"grader":{"type":"string_check","name":"exact","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.answer}}"}}}}
            """)).JsonAsync();

        Assert.Equal((id, Rows), (listed.GetProperty("id").GetString(), listed.GetProperty("rows").GetInt32()));
        Assert.Equal(("validating_files", id), (job.GetProperty("status").GetString(), job.GetProperty("training_file").GetString()));
    }

    // All its other rows are the same, which is a doubt of each.
    [RedisFact]
    public async Task Upload_TenThousandRowsWithABadOne_NamesItsLine()
    {
        var text = string.Concat(Enumerable.Repeat(JobsUnderTest.GoodRow + "\n", Rows - 1)) + "{\"messages\":7}";
        using var form = new MultipartFormDataContent { { new StringContent("fine-tune"), "purpose" }, { new StringContent(text), "file", "rows.jsonl" } };

        var error = await (await service.Http.PostAsync("/v1/files", form)).ErrorAsync(400);

        Assert.Equal(("file", "invalid_file_format"), (error.Param, error.Code));
        Assert.Contains("line 10000", error.Message, StringComparison.Ordinal);
    }

    private static string Text(int rows) =>
        string.Join('\n', Enumerable.Range(0, rows).Select(i => $$"""{"messages":[{"role":"user","content":"What is {{i}} + {{i}}?"}],"answer":"{{2 * i}}"}"""));

    public sealed class JobsAndIngestion : JobsUnderTest
    {
        protected override void MapChecks(WebApplication ingestion) => ingestion.MapGrpcService<DatasetChecksService>();
    }
}
