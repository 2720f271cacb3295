using System.CommandLine;
using RftAspire.Client;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>The commands that ask a job to stop or to go on.</summary>
public static class MoveJobCommands
{
    public static Command Cancel(CommandLine cli) => Create(
        cli, "cancel", "Stop a job at the next safe point.", (jobs, id, stop) => jobs.CancelAsync(id, stop));

    public static Command Pause(CommandLine cli) => Create(
        cli, "pause", "Stop a job behind its step and keep a checkpoint; rft jobs resume goes on with it.", (jobs, id, stop) => jobs.PauseAsync(id, stop));

    public static Command Resume(CommandLine cli) => Create(
        cli, "resume", "Queue a paused job again.", (jobs, id, stop) => jobs.ResumeAsync(id, stop));

    private static Command Create(
        CommandLine cli, string name, string description, Func<JobsClient, string, CancellationToken, Task<Job>> ask)
    {
        var id = JobCommands.JobId();
        return cli.Handle(new Command(name, description) { id }, async (context, cancellationToken) =>
        {
            var job = await ask(context.Client.Jobs, context.Get(id), cancellationToken);
            if (context.Json) context.PrintJson(JobJson.Of(job));
            else context.Out.WriteLine($"job {job.Id} is {JobJson.Word(job.State)}");
            return ExitCode.Ok;
        });
    }
}
