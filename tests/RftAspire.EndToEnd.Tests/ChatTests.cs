using RftAspire.Contracts.Jobs.V1;
using Xunit.Abstractions;

namespace RftAspire.EndToEnd.Tests;

/// <summary>Many clients at once, beside a job, and through the death of the worker that answers them.</summary>
[Collection(Platform.OneAtATime)]
public sealed class ChatTests(ITestOutputHelper output)
{
    private const int Clients = 64, Requests = 500, Steps = 16;

    [Fact]
    public async Task Chat_BesideAJobAndThroughAKilledWorker_NoneFailsAndNothingChanges()
    {
        // What a tenant may ask in a second is not what is tried here.
        await using var platform = await Platform.StartAsync(settings: new() { ["Access__RequestsPerSecond"] = "0" });
        var plain = await RunAsync(platform, () => Task.CompletedTask);
        var load = new ChatLoad(platform.Rest, [Platform.Model, plain.TunedModel]);
        var some = Enumerable.Range(0, Requests).Where(request => request % 19 == 0).ToList();
        var alone = await load.AskAsync(some, clients: 1);
        ChatLoad.Report(output, "one at a time", alone);

        ChatAnswer[] beside = [];
        var loaded = await RunAsync(platform, async () => beside = await load.AskAsync([.. Enumerable.Range(0, Requests)], Clients));
        ChatLoad.Report(output, $"{Clients} clients beside a job", beside);
        Assert.Equal(plain.WeightsDigest, loaded.WeightsDigest);
        Assert.Equal(alone.Select(answer => answer.Text), some.Select(request => beside[request].Text));

        var begun = new TaskCompletionSource();
        var killed = load.AskAsync([.. Enumerable.Range(0, Clients)], Clients, () => begun.TrySetResult());
        await begun.Task;
        await platform.KillAndRestartAsync("sampling");
        ChatLoad.Report(output, $"{Clients} clients through a kill", await killed);
        Assert.Equal(beside[..Clients].Select(answer => answer.Text), (await killed).Select(answer => answer.Text));
    }

    /// <summary>A job, and something that begins when it trains and has ended before it.</summary>
    private async Task<Job> RunAsync(Platform platform, Func<Task> besideAsync)
    {
        var id = (await platform.CreateAsync(Steps)).Id;
        var (beside, steps) = (Task.FromResult(DateTimeOffset.MaxValue), 0);
        await foreach (var jobEvent in platform.WatchAsync(id))
        {
            if (jobEvent.StateChanged?.State == JobState.Running) beside = EndOfAsync(besideAsync());
            if (jobEvent.StepTrained is not null && !beside.IsCompleted) steps++;
        }
        var ended = await beside;
        var job = await platform.Jobs.GetJobAsync(new GetJobRequest { JobId = id });
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.True(job.Step == Steps && ended < job.FinishedAt.ToDateTimeOffset(), "the job ended before what was to be beside it");
        output.WriteLine(FormattableString.Invariant($"job of {Steps} steps, {steps} of them beside chats: {(job.FinishedAt - job.StartedAt).ToTimeSpan().TotalSeconds:F1} s"));
        return job;
    }

    private static async Task<DateTimeOffset> EndOfAsync(Task task)
    {
        await task;
        return DateTimeOffset.UtcNow;
    }
}
