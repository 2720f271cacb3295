using System.CommandLine;

namespace RftAspire.Cli.Models;

public static class ModelCommands
{
    public static Command Create(CommandLine cli) => new("models", "List models, and query one without the platform.")
    {
        ListModelsCommand.Create(cli),
        GenerateCommand.Create(cli),
        ScoreCommand.Create(cli),
    };
}
