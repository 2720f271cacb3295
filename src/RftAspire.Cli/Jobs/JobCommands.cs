using System.CommandLine;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace RftAspire.Cli.Jobs;

public static class JobCommands
{
    public static Command Create(CommandLine cli) => new("jobs", "Create, watch and stop fine-tuning jobs, and see what they learned from.")
    {
        CreateJobCommand.Create(cli),
        ListJobsCommand.Create(cli),
        ShowJobCommand.Create(cli),
        WatchJobCommand.Create(cli),
        ListEventsCommand.Create(cli),
        ListCheckpointsCommand.Create(cli),
        ListRolloutsCommand.Create(cli),
        MoveJobCommands.Pause(cli),
        MoveJobCommands.Resume(cli),
        MoveJobCommands.Cancel(cli),
    };

    public static Argument<string> JobId() => new("id") { Description = "The job's id, as rft jobs list shows it." };

    public static string Time(Timestamp? time) => time?.ToDateTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "-";

    /// <summary>What is written as <c>key=value</c>.</summary>
    public static IEnumerable<(string Key, string Value)> Pairs(string option, IEnumerable<string> written) => written.Select(pair => pair.Split('=', 2) is [{ Length: > 0 } key, var value]
        ? (key, value)
        : throw new UsageException($"{option} {pair}: not of the form key=value"));
}
