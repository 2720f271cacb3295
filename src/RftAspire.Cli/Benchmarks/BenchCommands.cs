using System.CommandLine;

namespace RftAspire.Cli.Benchmarks;

public static class BenchCommands
{
    public static Command Create(CommandLine cli) => new("bench", "Measure this machine: how fast the engine samples and learns on it, and how fast graders run.")
    {
        EngineBenchCommand.Create(cli),
        PythonBenchCommand.Create(cli),
    };
}
