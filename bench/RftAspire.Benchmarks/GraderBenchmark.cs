using System.Diagnostics;
using System.Text.Json;
using RftAspire.Grading;

namespace RftAspire.Benchmarks;

/// <summary>What a benchmark of graders found.</summary>
/// <param name="Benchmark">Its name.</param>
/// <param name="Rollouts">Rollouts graded within the time.</param>
/// <param name="Seconds">The time.</param>
public sealed record GraderBenchmarkResult(string Benchmark, long Rollouts, double Seconds)
{
    public double PerSecond => Rollouts / Seconds;
}

/// <summary>A multi of three rule graders on answers of a classification task, on all cores.</summary>
public static class GraderBenchmark
{
    /// <summary>The grader that is timed, here and through the broker.</summary>
    public const string Grader = """
        {"type": "multi", "calculate_output": "0.6 * labels + 0.2 * exact + 0.2 * named", "graders": {
          "labels": {"type": "label_set", "reference": "{{item.labels}}"},
          "exact": {"type": "string_check", "operation": "eq", "input": "{{sample.output_text}}", "reference": "{{item.answer}}"},
          "named": {"type": "string_check", "operation": "ilike", "input": "{{sample.output_text}}", "reference": "{{item.first}}"}}}
        """;

    public const string Row = """{"labels": ["Trade", "Law"], "answer": "{\"labels\":[\"Trade\",\"Law\"]}", "first": "trade"}""";

    /// <summary>Answers of several kinds: right, partly right, wrong, and no JSON.</summary>
    public static string Answer(long number) => (number % 4) switch
    {
        0 => """{"labels":["Trade","Law"]}""",
        1 => $$"""{"labels":["Trade","Energy","Number {{number}}"]}""",
        2 => $$"""{"labels":["Finance {{number}}"]}""",
        _ => $"The act is about trade, number {number}.",
    };

    public static async Task<GraderBenchmarkResult> RunAsync(TimeSpan time, int threads, CancellationToken cancellation)
    {
        var grader = new GraderFactory().Parse(Grader);
        var item = JsonElement.Parse(Row);
        await GradeAsync(grader, item, TimeSpan.FromSeconds(0.5), 0, cancellation);
        var started = Stopwatch.GetTimestamp();
        var counts = await Task.WhenAll(Enumerable.Range(0, threads).Select(thread => Task.Run(() => GradeAsync(grader, item, time, thread, cancellation), cancellation)));
        return new GraderBenchmarkResult("rules", counts.Sum(), Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static async Task<long> GradeAsync(IGrader grader, JsonElement item, TimeSpan time, int thread, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        long count = 0;
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            cancellation.ThrowIfCancellationRequested();
            var result = await grader.GradeAsync(new GradeRequest(item, new Sample(Answer(thread + count))), cancellation);
            if (result is not GradeResult.Reward) throw new InvalidOperationException($"the grader to be timed does not grade: {result}");
            count++;
        }
        return count;
    }
}
