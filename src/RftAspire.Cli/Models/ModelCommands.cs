using System.CommandLine;
using RftAspire.Cli.Pretraining;
using RftAspire.Cli.Tuning;

namespace RftAspire.Cli.Models;

public static class ModelCommands
{
    public static Command Create(CommandLine cli) => new("models", "List, fetch and delete models, query one without the platform, import, tune and make one.")
    {
        ListModelsCommand.Create(cli),
        LineageCommand.Create(cli),
        StoredModelCommands.Pull(cli),
        StoredModelCommands.Delete(cli),
        GenerateCommand.Create(cli),
        ScoreCommand.Create(cli),
        ImportModelCommand.Create(cli),
        TuneCommand.Create(cli),
        PretrainCommand.Create(cli),
    };
}
