using System.CommandLine;

namespace RftAspire.Cli.Jobs;

public static class JobCommands
{
    public static Command Create(CommandLine cli) => new("jobs", "Create, watch and stop reinforcement fine-tuning jobs.")
    {
        CreateJobCommand.Create(cli),
        ListJobsCommand.Create(cli),
        ShowJobCommand.Create(cli),
        WatchJobCommand.Create(cli),
        CancelJobCommand.Create(cli),
    };

    public static Argument<string> JobId() => new("id") { Description = "The job's id, as rft jobs list shows it." };
}
