using System.CommandLine;

namespace RftAspire.Cli.Jobs;

public static class WatchJobCommand
{
    public static Command Create(CommandLine cli)
    {
        var id = JobCommands.JobId();
        return cli.Handle(
            new Command("watch", "Follow a job to its end. With --json: one line an event, and last the job with them all.") { id },
            (context, cancellationToken) => JobWatch.FollowAsync(context, context.Get(id), JobWatch.ViewFor(context), cancellationToken));
    }
}
