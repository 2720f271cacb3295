using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Benchmarks;

namespace RftAspire.Cli.Benchmarks;

public static class GraderBenchCommand
{
    public static Command Create(CommandLine cli)
    {
        var broker = new Option<string?>("--broker") { HelpName = "ADDRESS", Description = "Through RabbitMQ at amqp://user:password@host:port instead of in this process; one that serves no platform." };
        var groups = new Option<int>("--groups") { HelpName = "N", Description = "Groups of eight rollouts sent through the broker.", DefaultValueFactory = _ => 4000 };
        var seconds = new Option<double>("--seconds") { HelpName = "N", Description = "Time in this process.", DefaultValueFactory = _ => 5 };
        var threads = new Option<int>("--threads") { HelpName = "N", Description = "Threads in this process; 0 takes one per processor." };
        return cli.Handle(new Command("graders", "Rollouts a second that a multi of three rule graders rewards.") { broker, groups, seconds, threads }, async (context, cancellation) =>
        {
            if (context.Get(threads) is < 0 or > 1024) throw new UsageException($"--threads {context.Get(threads)}: 0 to 1024 are possible");
            if (context.Get(seconds) is not (> 0 and <= 3600)) throw new UsageException($"--seconds {context.Get(seconds)}: more than 0 and up to 3600 are possible");
            if (context.Get(groups) is < 1 or > 10_000_000) throw new UsageException($"--groups {context.Get(groups)}: 1 to 10000000 are possible");
            var result = context.Get(broker) is { } address
                ? await BrokerBenchmark.RunAsync(Address(address), context.Get(groups), cancellation)
                : await GraderBenchmark.RunAsync(TimeSpan.FromSeconds(context.Get(seconds)), context.Get(threads) > 0 ? context.Get(threads) : Environment.ProcessorCount, cancellation);
            Print(context, result);
            return ExitCode.Ok;
        });
    }

    private static Uri Address(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var address) && address is { Scheme: "amqp", Port: > 0 } && address.UserInfo.Contains(':', StringComparison.Ordinal)
            ? address
            : throw new UsageException($"--broker {text}: write amqp://user:password@host:port");

    private static void Print(CommandContext context, GraderBenchmarkResult result)
    {
        if (context.Json)
            context.PrintJson(new JsonObject { ["benchmark"] = result.Benchmark, ["rollouts"] = result.Rollouts, ["seconds"] = Math.Round(result.Seconds, 3), ["rollouts_per_second"] = Math.Round(result.PerSecond, 1) });
        else
            context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Benchmark,-8}{result.Rollouts,12:#,0} rollouts {result.Seconds,8:0.0} s {result.PerSecond,12:#,0} rollouts/s"));
    }
}
