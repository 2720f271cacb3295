using System.CommandLine;

namespace RftAspire.Cli.Evals;

public static class EvalCommands
{
    public static Command Create(CommandLine cli) => new("evals", "Grade a model's answers to a dataset, without the platform.")
    {
        RunEvalCommand.Create(cli),
        CompareCommand.Create(cli),
    };
}
