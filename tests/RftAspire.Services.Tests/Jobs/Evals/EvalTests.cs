using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Evals;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Evals;

/// <summary>Evals over rows that bring their answers, with the real Grading behind them.</summary>
public sealed class EvalTests(WorkbenchTests.JobsAndGrading service) : IClassFixture<WorkbenchTests.JobsAndGrading>
{
    private const string Exact = """{"type":"string_check","name":"exact","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}""";
    private const string Similar = """{"type":"text_similarity","name":"close","evaluation_metric":"fuzzy_match","input":"{{sample.output_text}}","reference":"{{item.r}}","pass_threshold":0.4}""";
    private const string Config = """{"type":"custom","item_schema":{"type":"object","properties":{"r":{"type":"string"}},"required":["r"]}}""";

    private EvalService.EvalServiceClient Evals => new(service.AdminChannel);

    [RedisFact]
    public async Task Run_RowsWithAnswers_CountsWhatPassedEachCriterion()
    {
        var eval = await CreateAsync(Exact, Similar);

        var run = await EndAsync(await Evals.CreateEvalRunAsync(new() { EvalId = eval.Id, Name = "first", Metadata = { ["a"] = "b" }, DataSourceJson = Rows(("abcd", "abcd"), ("abcd", "abxx"), ("abcd", "zzzz")) }));

        Assert.Equal((EvalRunState.Completed, 3, 1, 2, 0), (run.State, run.Total, run.Passed, run.Failed, run.Errored));
        Assert.Equal([("exact", 1, 2), ("close", 2, 1)], run.Criteria.Select(criterion => (criterion.Name, criterion.Passed, criterion.Failed)));
        Assert.Equal(("first", "b"), (run.Name, run.Metadata["a"]));
    }

    [RedisFact]
    public async Task ListOutputItems_Pages_AreInTheOrderOfTheRows()
    {
        var eval = await CreateAsync(Exact);
        var run = await EndAsync(await Evals.CreateEvalRunAsync(new() { EvalId = eval.Id, DataSourceJson = Rows(("a", "a"), ("b", "x"), ("c", "c"), ("d", "d"), ("e", "x")) }));
        ListOutputItemsRequest Ask() => new() { EvalId = eval.Id, RunId = run.Id, PageSize = 2 };

        var first = await Evals.ListOutputItemsAsync(Ask());
        var request = Ask();
        request.After = first.Items[^1].Id;
        var second = await Evals.ListOutputItemsAsync(request);
        request = Ask();
        (request.Status, request.Descending) = ("fail", true);
        var failed = await Evals.ListOutputItemsAsync(request);

        Assert.Equal([0, 1], first.Items.Select(item => item.Row));
        Assert.Equal([2, 3], second.Items.Select(item => item.Row));
        Assert.Equal([4, 1], failed.Items.Select(item => item.Row));
        Assert.Equal((true, true, false), (first.HasMore, second.HasMore, failed.HasMore));
        var item = await Evals.GetOutputItemAsync(new() { EvalId = eval.Id, RunId = run.Id, OutputItemId = failed.Items[0].Id });
        Assert.Equal(("""{"r":"e"}""", "x", "fail", 0.0), (item.ItemJson, item.Output, item.Status, item.Results.Single().Score));
        await FailsAsync(() => Evals.GetOutputItemAsync(new() { EvalId = eval.Id, RunId = run.Id, OutputItemId = "outputitem_x_0" }).ResponseAsync, StatusCode.NotFound);
    }

    [RedisFact]
    public async Task Run_AnswerThatCannotBeGraded_IsAnErrorAndNoFailure()
    {
        const string faulty = """{"type":"python","name":"broken","source":"def grade(sample, item):\n    return 1 / 0"}""";
        var eval = await CreateAsync(faulty);

        var run = await EndAsync(await Evals.CreateEvalRunAsync(new() { EvalId = eval.Id, DataSourceJson = Rows(("a", "a")) }));

        var item = Assert.Single((await Evals.ListOutputItemsAsync(new() { EvalId = eval.Id, RunId = run.Id })).Items);
        Assert.Equal((EvalRunState.Completed, 0, 0, 1), (run.State, run.Passed, run.Failed, run.Errored));
        Assert.Equal("error", item.Status);
        Assert.NotEmpty(item.Results.Single().Ungraded.Kind);
        Assert.False(item.Results.Single().HasScore);
    }

    public static TheoryData<string, string> FaultySources() => new()
    {
        { "[]", "is no object" },
        { """{"type":"logs"}""", "data_source.type" },
        { """{"type":"completions","source":{"type":"file_content","content":[]}}""", "data_source.model" },
        { """{"type":"completions","model":"nobody","source":{"type":"file_content","content":[{"item":{}}]}}""", "data_source.model: there is no model 'nobody'" },
        { """{"type":"jsonl","source":{"type":"file_id","id":"file-none"}}""", "there is no file 'file-none'" },
        { """{"type":"jsonl","source":{"type":"file_content","content":[]}}""", "there are no rows" },
        { """{"type":"jsonl","source":{"type":"file_content","content":[{"item":{"r":"a"}}]}}""", "row 1 has no sample" },
        { """{"type":"jsonl","source":{"type":"file_content","content":[{"item":{"r":1},"sample":{"output_text":""}}]}}""", "row 1 is not what the eval's item_schema asks for" },
        { """{"type":"completions","model":"base","input_messages":{"type":"template","template":[{"role":"user","content":"{{sample.output_text}}"}]},"source":{"type":"file_content","content":[{"item":{"r":"a"}}]}}""", "is not there before the model has answered" },
        { """{"type":"completions","model":"base","sampling_params":{"penalty":1},"source":{"type":"file_content","content":[{"item":{"r":"a"}}]}}""", "sampling_params.penalty" },
        { """{"type":"completions","model":"base","source":{"type":"file_content","content":[{"item":{"r":"a"}}]}}""", "item.messages is no array of messages" },
    };

    [RedisTheory]
    [MemberData(nameof(FaultySources))]
    public async Task CreateRun_FaultySource_IsToldWithItsPlaceAndLeavesNothing(string source, string text)
    {
        var eval = await CreateAsync(Exact);

        var error = await FailsAsync(() => Evals.CreateEvalRunAsync(new() { EvalId = eval.Id, DataSourceJson = source }).ResponseAsync, StatusCode.InvalidArgument);

        Assert.Equal(["data_source_json"], Fields(error));
        Assert.Contains(text, error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty((await Evals.ListEvalRunsAsync(new() { EvalId = eval.Id })).Runs);
    }

    [RedisFact]
    public async Task Create_FaultyEval_NamesEveryField()
    {
        var request = new CreateEvalRequest { Name = "a\nb", DataSourceConfigJson = """{"type":"logs"}""", TestingCriteriaJson = { Exact, """{"type":"oracle"}""" } };

        var error = await FailsAsync(() => Evals.CreateEvalAsync(request).ResponseAsync, StatusCode.InvalidArgument);

        Assert.Equal(["name", "testing_criteria_json[1]", "data_source_config_json"], Fields(error));
    }

    [RedisFact]
    public async Task ChangeAsync_EvalDeletedMeanwhile_StaysDeleted()
    {
        var store = service.Services.GetRequiredService<EvalStore>();
        var eval = await CreateAsync(Exact);
        await Evals.DeleteEvalAsync(new() { EvalId = eval.Id });

        Assert.False(await store.ChangeAsync(eval));
        Assert.Null(await store.FindAsync("default", eval.Id));
    }

    [RedisFact]
    public async Task UpdateAndDelete_Eval_KeepWhatItMeasures()
    {
        var eval = await CreateAsync(Exact);
        var run = await EndAsync(await Evals.CreateEvalRunAsync(new() { EvalId = eval.Id, DataSourceJson = Rows(("a", "a")) }));

        var changed = await Evals.UpdateEvalAsync(new() { EvalId = eval.Id, Name = "new", ReplaceMetadata = true, Metadata = { ["k"] = "v" } });
        await FailsAsync(() => Evals.CancelEvalRunAsync(new() { EvalId = eval.Id, RunId = run.Id }).ResponseAsync, StatusCode.FailedPrecondition);
        await Evals.DeleteEvalAsync(new() { EvalId = eval.Id });

        Assert.Equal(("new", "v", eval.TestingCriteriaJson.Single()), (changed.Name, changed.Metadata["k"], changed.TestingCriteriaJson.Single()));
        await FailsAsync(() => Evals.GetEvalAsync(new() { EvalId = eval.Id }).ResponseAsync, StatusCode.NotFound);
        await FailsAsync(() => Evals.GetEvalRunAsync(new() { EvalId = eval.Id, RunId = run.Id }).ResponseAsync, StatusCode.NotFound);
    }

    private async Task<Eval> CreateAsync(params string[] criteria) =>
        await Evals.CreateEvalAsync(new() { Name = "e", DataSourceConfigJson = Config, TestingCriteriaJson = { criteria } });

    private async Task<EvalRun> EndAsync(EvalRun run)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (run.State is EvalRunState.Queued or EvalRunState.InProgress)
        {
            await Task.Delay(20, patience.Token);
            run = await Evals.GetEvalRunAsync(new() { EvalId = run.EvalId, RunId = run.Id });
        }
        return run;
    }

    private static string Rows(params (string Reference, string Answer)[] rows)
    {
        var content = rows.Select(row => $$$"""{"item":{"r":"{{{row.Reference}}}"},"sample":{"output_text":"{{{row.Answer}}}"}}""");
        return $$$"""{"type":"jsonl","source":{"type":"file_content","content":[{{{string.Join(',', content)}}}]}}""";
    }
}
