using System.CommandLine;
using RftAspire.Cli.Pretraining;

namespace RftAspire.Cli.Models;

public static class ModelCommands
{
    public static Command Create(CommandLine cli) => new("models", "List models, query one without the platform, import one, and make a base model.")
    {
        ListModelsCommand.Create(cli),
        GenerateCommand.Create(cli),
        ScoreCommand.Create(cli),
        ImportModelCommand.Create(cli),
        PretrainCommand.Create(cli),
    };
}
