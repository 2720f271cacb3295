using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using RftAspire.Grading.Python;

namespace RftAspire.Cli.Benchmarks;

/// <summary>Calls of a trivial Python grader through the sandbox: what the sandbox itself costs.</summary>
public static class PythonBenchCommand
{
    private const string Source = "def grade(sample, item):\n    return float(sample['output_text'] == item['answer'])\n";
    private static readonly byte[] s_request = """{"sample":{"output_text":"a"},"item":{"answer":"a"}}"""u8.ToArray();

    public static Command Create(CommandLine cli)
    {
        var workers = new Option<int>("--workers") { HelpName = "N", Description = "Grader calls at once; 0 takes one per processor." };
        var seconds = new Option<double>("--seconds") { HelpName = "N", Description = "Time to measure.", DefaultValueFactory = _ => 5 };
        return cli.Handle(new Command("python", "Grader calls a second through the sandbox, and how long a cold one takes.") { workers, seconds }, async (context, cancellationToken) =>
        {
            if (context.Get(workers) is < 0 or > 1024) throw new UsageException($"--workers {context.Get(workers)}: 0 to 1024 are possible");
            if (context.Get(seconds) is not (> 0 and <= 3600)) throw new UsageException($"--seconds {context.Get(seconds)}: more than 0 and up to 3600 are possible");
            var options = new PythonOptions { Workers = context.Get(workers) };
            await using var sandbox = new PythonSandbox(options, NullLogger<PythonSandbox>.Instance);
            var probe = await sandbox.ProbeAsync();
            if (probe.Fault is { } fault) throw new UsageException(fault);
            var count = options.Workers > 0 ? options.Workers : Environment.ProcessorCount;
            var cold = await CallAsync(sandbox, cancellationToken);
            await Task.WhenAll(Enumerable.Range(0, count).Select(_ => CallAsync(sandbox, cancellationToken)));
            var rate = await RateAsync(sandbox, count, TimeSpan.FromSeconds(context.Get(seconds)), cancellationToken);
            Print(context, probe, count, cold, rate);
            return ExitCode.Ok;
        });
    }

    private static void Print(CommandContext context, SandboxProbe probe, int workers, TimeSpan cold, double rate)
    {
        if (context.Json)
        {
            context.PrintJson(new JsonObject
            {
                ["sandbox"] = probe.Backend.ToString(),
                ["layers"] = new JsonArray([.. probe.Layers.Select(layer => JsonValue.Create(layer))]),
                ["workers"] = workers,
                ["calls_per_second"] = Math.Round(rate, 1),
                ["first_call_seconds"] = Math.Round(cold.TotalSeconds, 4),
            });
            return;
        }
        context.Out.WriteLine($"{probe.Backend}: {string.Join(", ", probe.Layers)}");
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rate:F0} calls/s with {workers} workers; the first call took {cold.TotalMilliseconds:F0} ms"));
    }

    private static async Task<double> RateAsync(PythonSandbox sandbox, int workers, TimeSpan time, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var calls = await Task.WhenAll(Enumerable.Range(0, workers).Select(async _ =>
        {
            var done = 0;
            for (; Stopwatch.GetElapsedTime(started) < time; done++) await CallAsync(sandbox, cancellation);
            return done;
        }));
        return calls.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<TimeSpan> CallAsync(PythonSandbox sandbox, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var outcome = await sandbox.GradeAsync(Source, s_request, cancellation);
        return outcome is PythonOutcome.Reward { Value: 1 } ? Stopwatch.GetElapsedTime(started) : throw new InvalidOperationException($"the grader gave {outcome}");
    }
}
