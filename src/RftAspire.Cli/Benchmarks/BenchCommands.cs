using System.CommandLine;

namespace RftAspire.Cli.Benchmarks;

public static class BenchCommands
{
    public static Command Create(CommandLine cli) => new("bench", "Measure this machine: how fast the engine samples and learns on it, and graders reward.")
    {
        EngineBenchCommand.Create(cli),
        GraderBenchCommand.Create(cli),
    };
}
