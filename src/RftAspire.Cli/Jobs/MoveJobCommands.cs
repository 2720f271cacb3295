using System.CommandLine;
using Grpc.Core;
using RftAspire.Cli.Platform;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>The commands that ask a job to stop or to go on.</summary>
public static class MoveJobCommands
{
    public static Command Cancel(CommandLine cli) => Create(
        cli, "cancel", "Stop a job at the next safe point.", (jobs, id, options) => jobs.CancelJobAsync(new() { JobId = id }, options));

    public static Command Pause(CommandLine cli) => Create(
        cli, "pause", "Stop a job behind its step and keep a checkpoint; rft jobs resume goes on with it.", (jobs, id, options) => jobs.PauseJobAsync(new() { JobId = id }, options));

    public static Command Resume(CommandLine cli) => Create(
        cli, "resume", "Queue a paused job again.", (jobs, id, options) => jobs.ResumeJobAsync(new() { JobId = id }, options));

    private static Command Create(
        CommandLine cli, string name, string description, Func<JobService.JobServiceClient, string, CallOptions, AsyncUnaryCall<Job>> ask)
    {
        var id = JobCommands.JobId();
        return cli.Handle(new Command(name, description) { id }, async (context, cancellationToken) =>
        {
            var job = await ask(context.Platform.Jobs, context.Get(id), PlatformConnection.Promptly(cancellationToken));
            if (context.Json) context.PrintJson(JobJson.Of(job));
            else context.Out.WriteLine($"job {job.Id} is {JobJson.Word(job.State)}");
            return ExitCode.Ok;
        });
    }
}
