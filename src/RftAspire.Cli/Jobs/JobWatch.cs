using RftAspire.Client;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>Follows a job to its end and says how it came out.</summary>
public static class JobWatch
{
    public static IWatchView ViewFor(CommandContext context) => context switch
    {
        { Json: true } => new JsonWatchView(context),
        { Surroundings.IsTerminal: true } when context.Console() is { Profile.Capabilities.Ansi: true } console => new LiveWatchView(console),
        _ => new PlainWatchView(context.Out),
    };

    public static async Task<int> FollowAsync(CommandContext context, string jobId, IWatchView view, CancellationToken cancellationToken)
    {
        var jobs = context.Client.Jobs;
        try
        {
            await view.ShowAsync(jobs.WatchAsync(jobId, reconnecting: lost => Tell(context, lost), cancellationToken: cancellationToken));
        }
        catch (OperationCanceledException)
        {
            context.Error.WriteLine($"detached; the job goes on. Watch it again: rft jobs watch {jobId}   Stop it: rft jobs cancel {jobId}");
            return ExitCode.Interrupted;
        }
        var job = await jobs.GetAsync(jobId, cancellationToken);
        if (context.Json) context.PrintJson(JobJson.Of(job, await jobs.RecordedEventsAsync(jobId, cancellationToken).ToListAsync(cancellationToken)));
        return Conclude(context, job);
    }

    private static void Tell(CommandContext context, Reconnection lost)
    {
        if (lost.Attempt == 1) context.Error.WriteLine($"rft: {lost.Cause.Message}; the job goes on, waiting for the platform to come back ...");
    }

    private static int Conclude(CommandContext context, Job job)
    {
        if (job.State == JobState.Succeeded)
        {
            if (!context.Json) PrintSuccess(context.Out, job);
            return ExitCode.Ok;
        }
        context.Error.WriteLine(job.State == JobState.Failed
            ? $"rft: job {job.Id} failed, {job.Error?.Code}: {job.Error?.Message}"
            : $"rft: job {job.Id} is {JobJson.Word(job.State)}");
        return ExitCode.Failed;
    }

    private static void PrintSuccess(TextWriter writer, Job job)
    {
        writer.WriteLine($"tuned model {job.TunedModel}, weights {job.WeightsDigest}");
        writer.WriteLine($"query it: rft models generate --model {job.TunedModel} --prompt \"...\"");
    }
}
