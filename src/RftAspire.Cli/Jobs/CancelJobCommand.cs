using System.CommandLine;
using RftAspire.Cli.Platform;

namespace RftAspire.Cli.Jobs;

public static class CancelJobCommand
{
    public static Command Create(CommandLine cli)
    {
        var id = JobCommands.JobId();
        return cli.Handle(new Command("cancel", "Stop a job at the next safe point.") { id }, async (context, cancellationToken) =>
        {
            var job = await context.Platform.Jobs.CancelJobAsync(new() { JobId = context.Get(id) }, PlatformConnection.Promptly(cancellationToken));
            if (context.Json) context.PrintJson(JobJson.Of(job));
            else context.Out.WriteLine($"job {job.Id} is {JobJson.Word(job.State)}");
            return ExitCode.Ok;
        });
    }
}
