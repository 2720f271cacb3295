using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RftAspire.Benchmarks;
using RftAspire.Engine.Model;

namespace RftAspire.Cli.Benchmarks;

public static class EngineBenchCommand
{
    public static Command Create(CommandLine cli)
    {
        var shape = new Option<string[]>("--shape")
        {
            HelpName = "T|S",
            Description = "T: 5M parameters, in cache; S: 135M, in memory. Both unless given.",
            AllowMultipleArgumentsPerToken = true,
        }.AcceptOnlyFromAmong([.. ModelShape.All.Select(known => known.Name)]);
        var only = new Option<string[]>("--only")
        {
            HelpName = "NAME",
            Description = $"Run these alone: {string.Join(", ", EngineBenchmark.Names)}.",
            AllowMultipleArgumentsPerToken = true,
        }.AcceptOnlyFromAmong([.. EngineBenchmark.Names]);
        var dtype = new Option<string[]>("--dtype")
        {
            HelpName = "f32|bf16",
            Description = "How products with weights are computed. Both unless given.",
            AllowMultipleArgumentsPerToken = true,
        }.AcceptOnlyFromAmong("f32", "bf16");
        var threads = new Option<int>("--threads") { HelpName = "N", Description = "Threads to compute with; 0 takes one per processor." };
        var seconds = new Option<double>("--seconds") { HelpName = "N", Description = "Time for each benchmark.", DefaultValueFactory = _ => 5 };
        return cli.Handle(new Command("engine", "Tokens a second on random weights; the median of undisturbed windows.") { shape, only, dtype, threads, seconds }, (context, cancellationToken) =>
        {
            if (context.Get(threads) is < 0 or > 1024) throw new UsageException($"--threads {context.Get(threads)}: 0 to 1024 are possible");
            if (context.Get(seconds) is not (> 0 and <= 3600)) throw new UsageException($"--seconds {context.Get(seconds)}: more than 0 and up to 3600 are possible");
            var count = context.Get(threads) > 0 ? context.Get(threads) : Environment.ProcessorCount;
            var names = context.Get(only) is { Length: > 0 } some ? some : EngineBenchmark.Names;
            var shapes = ModelShape.All.Where(known => context.Get(shape) is not { Length: > 0 } wanted || wanted.Contains(known.Name));
            if (!context.Json) context.Out.WriteLine(Row("benchmark", "shape", "dtype", "sequences", "tokens/s", "min", "max", "windows", "% of peak", "B/token"));
            var precisions = context.Get(dtype) is { Length: > 0 } given ? given.Select(name => Enum.Parse<Precision>(name, ignoreCase: true)) : Enum.GetValues<Precision>();
            var benchmarks = from known in shapes from precision in precisions select new EngineBenchmark(known, precision, count, TimeSpan.FromSeconds(context.Get(seconds)), cancellationToken);
            foreach (var result in benchmarks.SelectMany(benchmark => benchmark.Run(names))) Print(context, result);
            return Task.FromResult(ExitCode.Ok);
        });
    }

    private static void Print(CommandContext context, BenchmarkResult result)
    {
        if (context.Json) context.PrintJson(ToJson(result));
        else context.Out.WriteLine(ToRow(result));
    }

    private static JsonObject ToJson(BenchmarkResult result)
    {
        var json = Figures(result);
        if (result.Ratio is { } ratio) json["ratio"] = Math.Round(ratio, 3);
        if (result.PeakBytes is { } peak) json["peak_bytes"] = peak;
        if (result.EstimatedBytes is { } estimate) json["estimated_bytes"] = estimate;
        return json;
    }

    private static JsonObject Figures(BenchmarkResult result) => new()
    {
        ["benchmark"] = result.Benchmark,
        ["shape"] = result.Shape,
        ["dtype"] = Dtype(result),
        ["threads"] = result.Threads,
        ["sequences"] = result.Sequences,
        ["tokens"] = result.Tokens,
        ["tokens_per_second"] = Math.Round(result.TokensPerSecond.Median, 1),
        ["min"] = Math.Round(result.TokensPerSecond.Min, 1),
        ["max"] = Math.Round(result.TokensPerSecond.Max, 1),
        ["windows"] = result.TokensPerSecond.Kept,
        ["tried"] = result.TokensPerSecond.Tried,
        ["peak_share"] = Math.Round(result.PeakShare, 3),
        ["bytes_per_token"] = Math.Round(result.TokensPerSecond.BytesPerUnit, 1),
    };

    private static string ToRow(BenchmarkResult result) => Row(result.Benchmark, result.Shape, Dtype(result), Text(result.Sequences, "0"),
        Text(result.TokensPerSecond.Median, "#,0"), Text(result.TokensPerSecond.Min, "#,0"), Text(result.TokensPerSecond.Max, "#,0"),
        $"{result.TokensPerSecond.Kept}/{result.TokensPerSecond.Tried}", Text(100 * result.PeakShare, "0.0"), Text(result.TokensPerSecond.BytesPerUnit, "0.#")) +
        (result.Ratio is { } ratio ? $"  {Text(ratio, "0.000")} of the time without sharing" : "") +
        (result.PeakBytes is { } peak ? $"  peak {Text(peak / 1e9, "0.00")} GB, estimate {Text(result.EstimatedBytes!.Value / 1e9, "0.00")} GB" : "");

    private static string Row(params string[] cells) =>
        $"{cells[0],-24}{cells[1],-6}{cells[2],-6}{cells[3],10}{cells[4],12}{cells[5],12}{cells[6],12}{cells[7],12}{cells[8],11}{cells[9],9}";

    private static string Dtype(BenchmarkResult result) => result.Precision == Precision.BF16 ? "bf16" : "f32";

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
