using Grpc.Core;
using RftAspire.Cli.Platform;
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
        var jobs = context.Platform.Jobs;
        try
        {
            await view.ShowAsync(JobEvents.FollowAsync(jobs, jobId, cancellationToken));
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled })
        {
            context.Error.WriteLine($"detached; the job goes on. Watch it again: rft jobs watch {jobId}   Stop it: rft jobs cancel {jobId}");
            return ExitCode.Interrupted;
        }
        var job = await jobs.GetJobAsync(new() { JobId = jobId }, PlatformConnection.Promptly(cancellationToken));
        if (context.Json) context.PrintJson(JobJson.Of(job, await JobEvents.RecordedAsync(jobs, jobId, cancellationToken)));
        return Conclude(context, job);
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
