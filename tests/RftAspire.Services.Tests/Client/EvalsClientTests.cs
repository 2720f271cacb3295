using RftAspire.Client;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Services.Tests.Jobs;

namespace RftAspire.Services.Tests.Client;

/// <summary>Evals by the client, against the real Jobs and Grading.</summary>
public sealed class EvalsClientTests(WorkbenchTests.JobsAndGrading service) : IClassFixture<WorkbenchTests.JobsAndGrading>
{
    private const string Exact = """{"type":"string_check","name":"exact","operation":"eq","input":"{{sample.output_text}}","reference":"{{item.r}}"}""";
    private const string Config = """{"type":"custom","item_schema":{"type":"object","properties":{"r":{"type":"string"}},"required":["r"]}}""";

    private RftClient Rft => new(service.GrpcAddress, service.Key);

    [RedisFact]
    public async Task Run_OverMorePagesThanOne_GivesEveryItemInOrder()
    {
        using var rft = Rft;
        var eval = await CreateAsync(rft);

        var run = await rft.Evals.WaitForRunAsync(eval.Id, (await rft.Evals.CreateRunAsync(Rows(eval.Id, 130))).Id);

        Assert.Equal((EvalRunState.Completed, 130, 65, 65), (run.State, run.Total, run.Passed, run.Failed));
        Assert.Equal(Enumerable.Range(0, 130), await rft.Evals.ListOutputItemsAsync(eval.Id, run.Id).Select(item => item.Row).ToListAsync());
        var failed = await rft.Evals.ListOutputItemsAsync(eval.Id, run.Id, "fail").ToListAsync();
        Assert.Equal((65, "no"), (failed.Count, (await rft.Evals.GetOutputItemAsync(eval.Id, run.Id, failed[0].Id)).Output));
    }

    [RedisFact]
    public async Task Eval_Life_IsSeenInItsLists()
    {
        using var rft = Rft;
        var eval = await CreateAsync(rft);
        var run = await rft.Evals.WaitForRunAsync(eval.Id, (await rft.Evals.CreateRunAsync(Rows(eval.Id, 2))).Id);

        var renamed = await rft.Evals.UpdateAsync(new() { EvalId = eval.Id, Name = "renamed" });
        await Assert.ThrowsAsync<WrongStateException>(() => rft.Evals.CancelRunAsync(eval.Id, run.Id));

        Assert.Equal("renamed", (await rft.Evals.GetAsync(renamed.Id)).Name);
        Assert.Contains(eval.Id, await rft.Evals.ListAsync().Select(listed => listed.Id).ToListAsync());
        Assert.Equal([run.Id], await rft.Evals.ListRunsAsync(eval.Id, EvalRunState.Completed).Select(listed => listed.Id).ToListAsync());
        Assert.Empty(await rft.Evals.ListRunsAsync(eval.Id, EvalRunState.Failed).ToListAsync());
        await rft.Evals.DeleteRunAsync(eval.Id, run.Id);
        await Assert.ThrowsAsync<NotFoundException>(() => rft.Evals.GetRunAsync(eval.Id, run.Id));
        await rft.Evals.DeleteAsync(eval.Id);
        await Assert.ThrowsAsync<NotFoundException>(() => rft.Evals.GetAsync(eval.Id));
    }

    [RedisFact]
    public async Task Create_FaultyRequest_NamesEveryField()
    {
        using var rft = Rft;

        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => rft.Evals.CreateAsync(new() { DataSourceConfigJson = "{}", TestingCriteriaJson = { """{"type":"oracle"}""" } }));

        Assert.NotEmpty(error.Violations);
        Assert.All(error.Violations, violation => Assert.NotEmpty(violation.Description));
    }

    [RedisFact]
    public async Task Any_MoreCallsThanTheTenantMay_WaitsAndServesThemAll()
    {
        using var rft = Rft;
        var key = await rft.Keys.CreateAsync(new() { Name = "busy", Role = Role.Viewer, Tenant = "busy" });
        await rft.Keys.SetLimitsAsync(new() { Tenant = "busy", RequestsPerSecond = 4 });
        using var busy = new RftClient(service.GrpcAddress, key.Secret, new RftClientOptions { MaxRetries = 20 });

        var lists = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => busy.Evals.ListAsync().ToListAsync().AsTask())).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(8, lists.Length);
        using var hasty = new RftClient(service.GrpcAddress, key.Secret, new RftClientOptions { MaxRetries = 0 });
        var error = await Assert.ThrowsAsync<LimitReachedException>(() => Task.WhenAll(Enumerable.Range(0, 8).Select(_ => hasty.Evals.ListAsync().ToListAsync().AsTask())));
        Assert.NotNull(error.RetryAfter);
    }

    private static Task<Eval> CreateAsync(RftClient rft) =>
        rft.Evals.CreateAsync(new() { Name = "e", DataSourceConfigJson = Config, TestingCriteriaJson = { Exact } });

    // Every second row is answered as its reference says.
    private static CreateEvalRunRequest Rows(string evalId, int count)
    {
        var content = Enumerable.Range(0, count).Select(row => $$$"""{"item":{"r":"yes"},"sample":{"output_text":"{{{(row % 2 == 0 ? "yes" : "no")}}}"}}""");
        return new() { EvalId = evalId, DataSourceJson = $$$"""{"type":"jsonl","source":{"type":"file_content","content":[{{{string.Join(',', content)}}}]}}""" };
    }
}
