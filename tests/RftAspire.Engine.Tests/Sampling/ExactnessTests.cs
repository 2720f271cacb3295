using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Training;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Equality to the last bit: no tolerance anywhere in this file.</summary>
public sealed class ExactnessTests
{
    public static TheoryData<string, Precision> Models
    {
        get
        {
            var models = new TheoryData<string, Precision>();
            foreach (object[] row in (IEnumerable<object[]>)TinyModels.Types)
                foreach (var precision in Enum.GetValues<Precision>()) models.Add((string)row[0], precision);
            return models;
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Sample_RecordedLogprobs_EqualTheLearners(string type, Precision precision)
    {
        var config = TinyModels.Config(type);
        using var bench = new LearnerBench(TinyModels.Random(config), precision: precision);
        foreach (var temperature in new[] { 1.0, 0.7 })
        {
            var requests = Requests(config.VocabSize, temperature);
            var sampled = Sample(bench, precision, requests);
            var groups = requests.Select((request, i) => new TrainingGroup(request.Prompt, [.. sampled[i].Select(c => c.Tokens)])).ToList();
            var learned = bench.Learner.Logprobs(groups, temperature);
            Assert.Equal(sampled.SelectMany(group => group).Select(c => c.Logprobs), learned);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Sample_AnyBatchCompositionAndThreads_SameCompletions(string type, Precision precision)
    {
        var config = TinyModels.Config(type);
        var requests = Requests(config.VocabSize, 1);
        using var bench = new LearnerBench(TinyModels.Random(config), threads: 1, precision: precision);
        var together = Sample(bench, precision, requests);
        using var wide = new LearnerBench(TinyModels.Random(config), threads: 4, precision: precision);
        for (var i = 0; i < requests.Length; i++) AssertSame(together[i], Sample(wide, precision, [requests[i]])[0]);
        AssertSame(together[2], Sample(bench, precision, [requests[5], requests[2]])[1]);
    }

    [Theory, MemberData(nameof(Models))]
    public void Logprobs_CachedOrRecomputed_EqualNaiveForward(string type, Precision precision)
    {
        var config = TinyModels.Config(type);
        using var bench = new LearnerBench(TinyModels.Random(config), precision: precision);
        var prompt = TinyModels.Tokens(3, 9, config.VocabSize);
        var completion = Sample(bench, precision, [new SampleRequest { Prompt = prompt, MaxTokens = 12 }])[0][0];
        var logits = bench.Learner.Logits([.. prompt, .. completion.Tokens]);
        var naive = new float[completion.Tokens.Length];
        for (var i = 0; i < naive.Length; i++)
        {
            var row = logits.AsSpan((prompt.Length + i - 1) * config.VocabSize, config.VocabSize);
            naive[i] = Logprob(row, completion.Tokens[i]);
        }
        Assert.Equal(completion.Logprobs, naive);
    }

    [Theory, MemberData(nameof(Models))]
    public void Backward_AnyThreadsAndRowBudget_SameWeights(string type, Precision precision)
    {
        var config = TinyModels.Config(type);
        var expected = Train(config, precision, threads: 1, rowBudget: 4096);
        Assert.Equal(expected, Train(config, precision, threads: 2, rowBudget: 4096));
        Assert.Equal(expected, Train(config, precision, threads: 4, rowBudget: 40));
    }

    [Theory, MemberData(nameof(Models))]
    public void Backward_LayersComputedAgain_SameWeights(string type, Precision precision)
    {
        var config = TinyModels.Config(type) with { Layers = 4 };
        var expected = Train(config, precision, threads: 2, rowBudget: 200);
        // All layers kept, none, and what room for two leaves.
        Assert.Equal(expected, Train(config, precision, threads: 2, rowBudget: 200, activationBytes: 0));
        Assert.Equal(expected, Train(config, precision, threads: 2, rowBudget: 200, activationBytes: 3 * 200 * LayerActivations.BytesPerRow(config)));
    }

    private static float[] Train(ModelConfig config, Precision precision, int threads, int rowBudget, long activationBytes = Learner.DefaultActivationBytes)
    {
        using var bench = new LearnerBench(TinyModels.Random(config), threads, rowBudget, activationBytes, precision);
        using var optimizer = new AdamW(bench.Learner.Parameters.Layout, new AdamWSettings(), bench.Team);
        var groups = Enumerable.Range(0, 6).Select(g => new TrainingGroup(TinyModels.Tokens(g, 5 + g, config.VocabSize),
            [.. Enumerable.Range(0, 3).Select(i => TinyModels.Tokens(100 * g + i, 1 + 4 * i + g, config.VocabSize))])).ToList();
        for (var step = 0; step < 2; step++)
        {
            bench.Learner.Gradients.Clear();
            bench.Learner.Backward(groups, new LikelihoodLoss(100));
            optimizer.Step(bench.Learner.Parameters, bench.Learner.Gradients, 1e-2);
            bench.Learner.WeightsChanged();
        }
        return [.. bench.Learner.Parameters.ToWeights().OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value)];
    }

    private static SampleRequest[] Requests(int vocabulary, double temperature) =>
        [.. Enumerable.Range(0, 7).Select(i => new SampleRequest
        {
            Prompt = TinyModels.Tokens(i, 3 + 13 * i, vocabulary),
            Count = 1 + i % 4,
            MaxTokens = 20 + 5 * i,
            Temperature = temperature,
            StopTokens = [1],
            Key = RandomKey.FromSeed(i),
        })];

    private static IReadOnlyList<Completion>[] Sample(LearnerBench bench, Precision precision, SampleRequest[] requests)
    {
        using var weights = new PackedWeights(bench.Learner.Parameters, bench.Team, precision);
        return new Sampler(weights, bench.Team).Sample(requests);
    }

    private static void AssertSame(IReadOnlyList<Completion> left, IReadOnlyList<Completion> right)
    {
        Assert.Equal(left.Select(c => c.Tokens), right.Select(c => c.Tokens));
        Assert.Equal(left.Select(c => c.Logprobs), right.Select(c => c.Logprobs));
    }

    private static unsafe float Logprob(ReadOnlySpan<float> logits, int token)
    {
        using var row = new NativeBuffer(logits.Length);
        using var numerators = new NativeBuffer(TokenDistribution.RoundUp(logits.Length));
        logits.CopyTo(row.Span(0, logits.Length));
        return new TokenDistribution(row.Start, logits.Length, 1, numerators.Start).Logprob(token);
    }
}
