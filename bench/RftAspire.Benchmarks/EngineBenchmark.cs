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
/// <param name="PeakShare">Floating-point rate as a share of the measured float32 peak of fused multiply-adds.</param>
public sealed record BenchmarkResult(string Benchmark, string Shape, Precision Precision, int Threads, int Sequences, long Tokens, Measurement TokensPerSecond, double PeakShare)
{
    /// <summary>What sharing is worth: time with the shared prompt over the time that the benchmark compares with.</summary>
    public double? Ratio { get; init; }
    /// <summary>The process's most memory during the benchmark.</summary>
    public long? PeakBytes { get; init; }
    /// <summary>What <see cref="TrainingMemory"/> says without the runtime's own share.</summary>
    public long? EstimatedBytes { get; init; }
}

/// <summary>Speed of sampling and learning on random weights of a shape, everything included that a job pays for.</summary>
public sealed class EngineBenchmark(ModelShape shape, Precision precision, int threads, TimeSpan duration, CancellationToken cancellation)
{
    private const int PromptTokens = 64, NewTokens = 64, LongPromptTokens = 512, SharedPromptTokens = 1024;
    private static readonly RandomKey s_key = RandomKey.FromSeed(1);
    private static readonly LoraSettings s_adapter = new(Rank: 16, Alpha: 32);
    private readonly Windows _windows = new(threads, duration, cancellation);

    public static IReadOnlyList<string> Names { get; } = ["decode", "grouped_decode", "prefill", "logprobs", "train", "lora_train", "shared_prompt_sampling", "shared_prompt_training", "training_memory", "lora_memory"];

    /// <summary>Runs the benchmarks of the given names; results come as they are found.</summary>
    public IEnumerable<BenchmarkResult> Run(IReadOnlyCollection<string> names)
    {
        var peak = MachinePeak.Measure(threads, new Windows(threads, TimeSpan.FromSeconds(1), cancellation));
        BenchmarkResult Line(string name, int sequences, long tokens, double flopsPerToken, Measurement measured) =>
            new(name, shape.Name, precision, threads, sequences, tokens, measured, measured.Median * flopsPerToken / peak);

        if (names.Contains("decode") || names.Contains("grouped_decode") || names.Contains("prefill"))
        {
            using var model = LanguageModel.Create(Parameters.Random(shape.Config, s_key), threads, precision);
            foreach (var sequences in names.Contains("decode") ? new[] { 1, 8, 64 } : [])
                yield return Line("decode", sequences, sequences * (NewTokens - 1L), DecodeFlops, Decode(model, groups: sequences, samples: 1));
            if (names.Contains("grouped_decode"))
                yield return Line("grouped_decode", 64, 64 * (NewTokens - 1L), DecodeFlops, Decode(model, groups: 1, samples: 64));
            if (names.Contains("prefill"))
                yield return Line("prefill", 1, LongPromptTokens, PrefillFlops, Prefill(model));
        }
        if (names.Contains("logprobs"))
            yield return Line("logprobs", shape.TrainingSequences, TrainingTokens, LearnFlops, Logprobs());
        if (names.Contains("train"))
            yield return Line("train", shape.TrainingSequences, TrainingTokens, 3 * LearnFlops, Train(Pairs(shape.TrainingSequences, shape.TrainingTokens)));
        if (names.Contains("lora_train"))
            yield return Line("lora_train", shape.TrainingSequences, TrainingTokens, 2 * LearnFlops + 6 * new LoraLayout(shape.Config, s_adapter).Length, Train(Pairs(shape.TrainingSequences, shape.TrainingTokens), s_adapter));
        if (names.Contains("shared_prompt_sampling")) yield return SharedSampling(Line);
        if (names.Contains("shared_prompt_training")) yield return SharedTraining(Line);
        if (names.Contains("training_memory")) yield return Memory("training_memory", null, Line);
        if (names.Contains("lora_memory")) yield return Memory("lora_memory", s_adapter, Line);
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
        using var learner = new Learner(parameters, team, precision: precision);
        var groups = Sequences(shape.TrainingSequences, shape.TrainingTokens).Select(ids => new TrainingGroup(ids[..1], [ids[1..]])).ToList();
        return _windows.Measure(TrainingTokens, () => { }, () => learner.Logprobs(groups));
    }

    /// <summary>A whole step of policy optimization without sampling: log-probabilities, gradients, clipping, AdamW.</summary>
    /// <param name="groups">What to learn from.</param>
    /// <param name="lora">Learns an adapter of that shape in place of the weights.</param>
    private Measurement Train(IReadOnlyList<RolloutGroup> groups, LoraSettings? lora = null)
    {
        using var team = new ThreadTeam(threads);
        using var parameters = Parameters.Random(shape.Config, s_key);
        using var adapter = lora is null ? null : LoraAdapter.Random(shape.Config, lora, s_key);
        using var trainer = new PolicyTrainer(parameters, null, team, new AdamWSettings(), precision, adapter);
        var settings = new PolicyStepSettings { LearningRate = 1e-6, MaxCompletionTokens = shape.TrainingTokens };
        var tokens = groups.Sum(group => group.Completions.Sum(completion => completion.Length + 1L));
        return _windows.Measure(tokens, () => { }, () => trainer.Step(groups, settings));
    }

    /// <summary>Two completions of one token of prompt: next to nothing is shared, and every token has a gradient.</summary>
    private List<RolloutGroup> Pairs(int sequences, int tokens) => [.. Sequences(sequences, tokens).Chunk(2).Select(pair => Group(pair[0][..1], [pair[0][1..], pair[1][1..]]))];

    private static RolloutGroup Group(int[] prompt, int[][] completions) =>
        new(prompt, completions, [.. completions.Select(completion => new float[completion.Length])], [.. completions.Select((_, i) => (double?)(i % 2))]);

    /// <summary>64 samples of a prompt of 1,024 tokens, the prompt included, against their decoding alone.</summary>
    private BenchmarkResult SharedSampling(Func<string, int, long, double, Measurement, BenchmarkResult> line)
    {
        using var model = LanguageModel.Create(Parameters.Random(shape.Config, s_key), threads, precision);
        using var batch = model.OpenBatch(4L << 30);
        var prompts = 0;
        void Admit() => batch.Admit([new BatchEntry(new SampleRequest { Prompt = RandomTokens(prompts++, SharedPromptTokens), Count = 64, MaxTokens = NewTokens }, _ => { })]);
        void Decode()
        {
            while (batch.Step()) { }
        }
        var alone = _windows.Measure(64 * NewTokens, Admit, Decode);
        var whole = _windows.Measure(64 * NewTokens, () => { }, () =>
        {
            Admit();
            Decode();
        });
        return line("shared_prompt_sampling", 64, 64 * NewTokens, 0, whole) with { Ratio = alone.Median / whole.Median };
    }

    /// <summary>A step on 64 completions of a prompt of 1,024 tokens, against one that computes the prompt for each (of 8 of them).</summary>
    private BenchmarkResult SharedTraining(Func<string, int, long, double, Measurement, BenchmarkResult> line)
    {
        const int apart = 8;
        var prompt = RandomTokens(0, SharedPromptTokens);
        var completions = Enumerable.Range(1, 64).Select(i => RandomTokens(i, NewTokens)).ToArray();
        var shared = Train([Group(prompt, completions)]);
        var separate = Train([.. completions.Take(apart).Select(completion => Group(prompt, [completion]))]);
        return line("shared_prompt_training", 64, 64 * NewTokens, 0, shared) with { Ratio = separate.Median / shared.Median };
    }

    /// <summary>Fine-tuning on 8 sequences of 256 tokens: of all weights, or of an adapter.</summary>
    private BenchmarkResult Memory(string name, LoraSettings? lora, Func<string, int, long, double, Measurement, BenchmarkResult> line)
    {
        PeakMemory.Reset();
        var groups = Pairs(8, 256);
        var measured = Train(groups, lora);
        var rows = groups.Max(group => 1 + group.Completions.Sum(completion => completion.Length - 1));
        // With an adapter the learner takes the fewest rows it can, here those of one group.
        var estimate = lora is null
            ? TrainingMemory.Estimate(shape.Config, precision, Learner.DefaultRowBudget / rows * rows)
            : TrainingMemory.Estimate(shape.Config, precision, rows, new LoraLayout(shape.Config, lora).Length);
        return line(name, 8, 8 * 256, 0, measured) with { PeakBytes = PeakMemory.Bytes(), EstimatedBytes = estimate.Total };
    }

    private IEnumerable<int[]> Sequences(int count, int tokens) => Enumerable.Range(0, count).Select(i => RandomTokens(i, tokens));

    private int[] RandomTokens(int sequence, int count) =>
        [.. Enumerable.Range(0, count).Select(i => s_key.Derive(1000 + sequence).Below(i, shape.Config.VocabSize))];
}
