using RftAspire.Engine;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Benchmarks;

/// <summary>One line of the engine's benchmark.</summary>
/// <param name="Benchmark">One of <see cref="EngineBenchmark.Names"/>.</param>
/// <param name="Sequences">Sequences at once.</param>
/// <param name="Tokens">Tokens of a window: drawn, read or learned from.</param>
/// <param name="PeakShare">Floating-point rate as a share of the measured peak of fused multiply-adds.</param>
public sealed record BenchmarkResult(string Benchmark, string Shape, int Threads, int Sequences, long Tokens, Measurement TokensPerSecond, double PeakShare);

/// <summary>Speed of sampling and learning on random weights of a shape, everything included that a job pays for.</summary>
public sealed class EngineBenchmark(ModelShape shape, int threads, TimeSpan duration, CancellationToken cancellation)
{
    private const int PromptTokens = 64, NewTokens = 64, LongPromptTokens = 512;
    private static readonly RandomKey s_key = RandomKey.FromSeed(1);
    private static readonly LoraSettings s_adapter = new(Rank: 16, Alpha: 32);
    private readonly Windows _windows = new(threads, duration, cancellation);

    public static IReadOnlyList<string> Names { get; } = ["decode", "grouped_decode", "prefill", "logprobs", "train", "lora_train"];

    /// <summary>Runs the benchmarks of the given names; results come as they are found.</summary>
    public IEnumerable<BenchmarkResult> Run(IReadOnlyCollection<string> names)
    {
        var peak = MachinePeak.Measure(threads, new Windows(threads, TimeSpan.FromSeconds(1), cancellation));
        BenchmarkResult Line(string name, int sequences, long tokens, double flopsPerToken, Measurement measured) =>
            new(name, shape.Name, threads, sequences, tokens, measured, measured.Median * flopsPerToken / peak);

        if (names.Contains("decode") || names.Contains("grouped_decode") || names.Contains("prefill"))
        {
            using var model = LanguageModel.Create(Parameters.Random(shape.Config, s_key), threads);
            foreach (var sequences in names.Contains("decode") ? (Environment.GetEnvironmentVariable("SEQS") is {} q ? q.Split(',').Select(int.Parse).ToArray() : new[] { 1, 8, 64 }) : [])
                yield return Line("decode", sequences, sequences * (NewTokens - 1L), DecodeFlops, Decode(model, groups: sequences, samples: 1));
            if (names.Contains("grouped_decode"))
                yield return Line("grouped_decode", 64, 64 * (NewTokens - 1L), DecodeFlops, Decode(model, groups: 1, samples: 64));
            if (names.Contains("prefill"))
                yield return Line("prefill", 1, LongPromptTokens, PrefillFlops, Prefill(model));
        }
        if (names.Contains("logprobs"))
            yield return Line("logprobs", shape.TrainingSequences, TrainingTokens, LearnFlops, Logprobs());
        if (names.Contains("train"))
            yield return Line("train", shape.TrainingSequences, TrainingTokens, 3 * LearnFlops, Train());
        if (names.Contains("lora_train"))
            yield return Line("lora_train", shape.TrainingSequences, TrainingTokens, 2 * LearnFlops + 6 * new LoraLayout(shape.Config, s_adapter).Length, Train(s_adapter));
    }

    private long TrainingTokens => (long)shape.TrainingSequences * shape.TrainingTokens;
    private double DecodeFlops => shape.ProductFlops + shape.AttentionFlops(PromptTokens + NewTokens / 2.0);
    private double LearnFlops => shape.ProductFlops + shape.AttentionFlops(shape.TrainingTokens / 2.0);
    /// <summary>Only the last position of a prompt needs logits.</summary>
    private double PrefillFlops => shape.ProductFlops - 2.0 * shape.Config.HiddenSize * shape.Config.VocabSize + shape.AttentionFlops(LongPromptTokens / 2.0);

    /// <summary>From the end of the prompts to the last token: the first token belongs to the prompt's cost.</summary>
    private Measurement Decode(LanguageModel model, int groups, int samples)
    {
        var batch = model.OpenBatch();
        try
        {
            return _windows.Measure((double)groups * samples * (NewTokens - 1), () =>
            {
                while (batch.Step()) { }
                // One token more than is timed: the windows hold decoding alone, not the end of completions.
                batch.Admit([.. Enumerable.Range(0, groups).Select(g => new BatchEntry(
                    new SampleRequest { Prompt = RandomTokens(g, PromptTokens), Count = samples, MaxTokens = NewTokens + 1, Key = s_key.Derive(g) }, _ => { }))]);
            }, () =>
            {
                for (var token = 1; token < NewTokens; token++) batch.Step();
            });
        }
        finally
        {
            batch.Dispose();
        }
    }

    private Measurement Prefill(LanguageModel model)
    {
        using var batch = model.OpenBatch();
        SampleRequest request = null!;
        var prompts = 0;
        // A prompt seen before would be found in the cache.
        return _windows.Measure(LongPromptTokens, () => request = new SampleRequest { Prompt = RandomTokens(prompts++, LongPromptTokens), MaxTokens = 1 },
            () => batch.Admit([new BatchEntry(request, _ => { })]));
    }

    private Measurement Logprobs()
    {
        using var team = new ThreadTeam(threads);
        using var parameters = Parameters.Random(shape.Config, s_key);
        using var learner = new Learner(parameters, team);
        var groups = Sequences().Select(ids => new TrainingGroup(ids[..1], [ids[1..]])).ToList();
        return _windows.Measure(TrainingTokens, () => { }, () => learner.Logprobs(groups));
    }

    /// <summary>A whole step of policy optimization without sampling: log-probabilities, gradients, clipping, AdamW.</summary>
    /// <param name="lora">Learns an adapter of that shape in place of the weights.</param>
    private Measurement Train(LoraSettings? lora = null)
    {
        using var team = new ThreadTeam(threads);
        using var parameters = Parameters.Random(shape.Config, s_key);
        using var adapter = lora is null ? null : LoraAdapter.Random(shape.Config, lora, s_key);
        using var trainer = new PolicyTrainer(parameters, null, team, new AdamWSettings(), adapter);
        var settings = new PolicyStepSettings { LearningRate = 1e-6, MaxCompletionTokens = shape.TrainingTokens };
        // Two completions of one token of prompt: next to nothing is shared, and every token has a gradient.
        var groups = Sequences().Chunk(2).Select(pair => new RolloutGroup(pair[0][..1], [pair[0][1..], pair[1][1..]],
            [new float[shape.TrainingTokens - 1], new float[shape.TrainingTokens - 1]], [0, 1])).ToList();
        return _windows.Measure(TrainingTokens, () => { }, () => trainer.Step(groups, settings));
    }

    private IEnumerable<int[]> Sequences() => Enumerable.Range(0, shape.TrainingSequences).Select(i => RandomTokens(i, shape.TrainingTokens));

    private int[] RandomTokens(int sequence, int count) =>
        [.. Enumerable.Range(0, count).Select(i => s_key.Derive(1000 + sequence).Below(i, shape.Config.VocabSize))];
}
