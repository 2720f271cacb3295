using System.CommandLine;

namespace RftAspire.Cli.Datasets;

public static class DatasetCommands
{
    public static Command Create(CommandLine cli) => new("datasets", "Check dataset files and make warm-up rows of them, without the platform.")
    {
        CheckDatasetCommand.Create(cli),
        WarmupRowsCommand.Create(cli),
    };
}
