using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

public sealed class LoraTests
{
    public static TheoryData<string> Types => [.. TinyModels.Types, "phi3"];

    [Theory, MemberData(nameof(Types))]
    public void Logprobs_FreshAdapter_EqualTheBases(string type)
    {
        var config = TinyModels.Config(type);
        using var fresh = Bench(config, LoraAdapter.Random(config, new LoraSettings(), RandomKey.FromSeed(1)));
        using var plain = Bench(config);
        Assert.Equal(plain.Learner.Logprobs(Groups()), fresh.Learner.Logprobs(Groups()));
    }

    [Fact]
    public void Random_A_IsUniformAndBZero()
    {
        using var adapter = LoraAdapter.Random(TinyModels.Config("llama"), new LoraSettings(64), RandomKey.FromSeed(1));
        var bound = 1 / MathF.Sqrt(72);
        var a = adapter.Tensor("base_model.model.model.layers.1.mlp.down_proj.lora_A.weight").ToArray();
        Assert.InRange(a.Max(), 0.99f * bound, bound);
        Assert.InRange(a.Min(), -bound, -0.99f * bound);
        Assert.InRange(a.Select(value => value * value).Average(), 0.95 * bound * bound / 3, 1.05 * bound * bound / 3);
        Assert.All(adapter.Tensor("base_model.model.model.layers.1.mlp.down_proj.lora_B.weight").ToArray(), value => Assert.Equal(0, value));
        using var other = LoraAdapter.Random(TinyModels.Config("llama"), new LoraSettings(64), RandomKey.FromSeed(2));
        Assert.NotEqual(a, other.Tensor("base_model.model.model.layers.1.mlp.down_proj.lora_A.weight").ToArray());
    }

    [Theory, MemberData(nameof(Types))]
    public void Merge_Adapter_GivesTheSameModel(string type)
    {
        var config = TinyModels.Config(type);
        using var bench = Bench(config, TinyModels.RandomAdapter(config));
        using var merged = new LearnerBench(bench.Adapter!.Merge(bench.Learner.Parameters));
        var (unmerged, expected, plain) = (bench.Learner.Logprobs(Groups()), merged.Learner.Logprobs(Groups()), bench.Learner.BaseLogprobs(Groups()));
        Assert.InRange(Distance(unmerged, expected), 0, 1e-4);
        // What was merged is no trifle.
        Assert.InRange(Distance(plain, expected), 0.5, 100);
    }

    [Fact]
    public void Merge_OtherModel_IsRefused()
    {
        using var adapter = TinyModels.RandomAdapter(TinyModels.Config("llama"));
        using var other = TinyModels.Random(TinyModels.Config("llama", hidden: 64));
        Assert.Contains("hidden size 64", Assert.Throws<ArgumentException>(() => adapter.Merge(other)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => LanguageModel.Create(other, 1, adapter: adapter));
    }

    [Theory, MemberData(nameof(Types))]
    public void Sample_WithAdapter_RecordsTheLearnersLogprobs(string type)
    {
        var config = TinyModels.Config(type);
        using var bench = Bench(config, TinyModels.RandomAdapter(config));
        var requests = Requests(config.VocabSize);
        var sampled = Sample(bench, requests);
        var groups = requests.Select((request, i) => new TrainingGroup(request.Prompt, [.. sampled[i].Select(c => c.Tokens)])).ToList();
        Assert.Equal(sampled.SelectMany(group => group).Select(c => c.Logprobs), bench.Learner.Logprobs(groups));
    }

    [Theory, MemberData(nameof(Types))]
    public void Sample_WithAdapter_AnyBatchCompositionAndThreads_SameCompletions(string type)
    {
        var config = TinyModels.Config(type);
        var requests = Requests(config.VocabSize);
        using LearnerBench bench = Bench(config, TinyModels.RandomAdapter(config), threads: 1), wide = Bench(config, TinyModels.RandomAdapter(config), threads: 4);
        var together = Sample(bench, requests);
        for (var i = 0; i < requests.Length; i++)
        {
            var alone = Sample(wide, [requests[i]])[0];
            Assert.Equal(together[i].Select(c => c.Tokens), alone.Select(c => c.Tokens));
            Assert.Equal(together[i].Select(c => c.Logprobs), alone.Select(c => c.Logprobs));
        }
    }

    [Theory, MemberData(nameof(Types))]
    public void Step_AnyThreadsRowBudgetAndMemory_SameAdapterAndFrozenWeights(string type)
    {
        var config = TinyModels.Config(type);
        var expected = Train(config, threads: 1, rowBudget: 4096, Learner.DefaultActivationBytes);
        Assert.Equal(expected, Train(config, threads: 2, rowBudget: 4096, activationBytes: 0));
        Assert.Equal(expected, Train(config, threads: 4, rowBudget: 20, Learner.DefaultActivationBytes));
        Assert.Equal(expected, Train(config, threads: 2, rowBudget: 20, activationBytes: 0));
    }

    [Fact]
    public void Step_InBFloat16_SamplerEqualsLearnerAndAnyThreadsGiveTheSameAdapter()
    {
        var config = TinyModels.Config("qwen2");
        using var bench = Bench(config, TinyModels.RandomAdapter(config), precision: Precision.BF16);
        var requests = Requests(config.VocabSize);
        var sampled = Sample(bench, requests, Precision.BF16);
        var groups = requests.Select((request, i) => new TrainingGroup(request.Prompt, [.. sampled[i].Select(c => c.Tokens)])).ToList();
        Assert.Equal(sampled.SelectMany(group => group).Select(c => c.Logprobs), bench.Learner.Logprobs(groups));
        var expected = Train(config, threads: 1, rowBudget: 4096, Learner.DefaultActivationBytes, Precision.BF16);
        Assert.Equal(expected, Train(config, threads: 4, rowBudget: 20, activationBytes: 0, Precision.BF16));
    }

    [Fact]
    public void SupervisedStep_Adapter_LossFalls()
    {
        var config = TinyModels.Config("llama");
        using var bench = Bench(config);
        using var adapter = LoraAdapter.Random(config, new LoraSettings(4, 8), RandomKey.FromSeed(3));
        using var trainer = new SupervisedTrainer(bench.Learner.Parameters, bench.Team, new AdamWSettings(), adapter);
        var before = CheckpointFolder.WeightsDigest(bench.Learner.Parameters);
        var losses = Enumerable.Range(0, 60).Select(_ => trainer.Step(Groups(), 1e-2).Loss).ToList();
        Assert.InRange(losses[^1], 0, losses[0] / 4);
        Assert.Equal(before, CheckpointFolder.WeightsDigest(bench.Learner.Parameters));
    }

    [Fact]
    public void PolicyStep_Adapter_StaysOnPolicyAndReferenceIsTheBase()
    {
        var (ownBase, adapter) = Policy(withReference: false);
        var (copy, other) = Policy(withReference: true);
        Assert.Equal(copy, ownBase);
        Assert.Equal(other, adapter);
        Assert.Equal(0, ownBase[0].ReferenceKl);
        Assert.All(ownBase.Skip(1), result => Assert.InRange(result.ReferenceKl, 1e-7, 1));
        Assert.All(ownBase, result => Assert.Equal((1f, 1f, 0.0), (result.RatioMin, result.RatioMax, result.MismatchKl)));
    }

    private static (List<PolicyStepResult> Results, float[] Adapter) Policy(bool withReference)
    {
        var config = TinyModels.Config("qwen2");
        using var bench = Bench(config, LoraAdapter.Random(config, new LoraSettings(4, 8), RandomKey.FromSeed(4)));
        using var copy = TinyModels.Random(config);
        using var trainer = new PolicyTrainer(bench.Learner.Parameters, withReference ? copy : null, bench.Team, new AdamWSettings(), adapter: bench.Adapter);
        var settings = new PolicyStepSettings { LearningRate = 1e-2, MaxCompletionTokens = 40, KlCoefficient = 0.1 };
        var results = Enumerable.Range(0, 3).Select(step =>
        {
            var requests = Requests(config.VocabSize);
            return trainer.Step([.. Sample(bench, requests).Select((completions, g) => new RolloutGroup(requests[g].Prompt, [.. completions.Select(c => c.Tokens)],
                [.. completions.Select(c => c.Logprobs)], [.. completions.Select(c => (double?)c.Tokens.Count(token => token % 2 == 0))]))], settings);
        }).ToList();
        return (results, Values(bench.Adapter!));
    }

    private static float[] Train(ModelConfig config, int threads, int rowBudget, long activationBytes, Precision precision = Precision.F32)
    {
        using var bench = new LearnerBench(TinyModels.Random(config), threads, rowBudget, activationBytes, precision, TinyModels.RandomAdapter(config));
        using var optimizer = new AdamW(bench.Adapter!.Layout, new AdamWSettings(), bench.Team);
        var (before, start) = (CheckpointFolder.WeightsDigest(bench.Learner.Parameters), Values(bench.Adapter));
        for (var step = 0; step < 2; step++)
        {
            bench.Learner.Gradients.Clear();
            bench.Learner.Backward(Groups(), new LikelihoodLoss(100));
            optimizer.Step(bench.Adapter, bench.Learner.Gradients, 1e-2);
            bench.Learner.WeightsChanged();
        }
        Assert.Equal(before, CheckpointFolder.WeightsDigest(bench.Learner.Parameters));
        Assert.All(start.Zip(Values(bench.Adapter)), pair => Assert.NotEqual(pair.First, pair.Second));
        return Values(bench.Adapter);
    }

    private static LearnerBench Bench(ModelConfig config, LoraAdapter? adapter = null, int threads = 2, Precision precision = Precision.F32) =>
        new(TinyModels.Random(config), threads, precision: precision, adapter: adapter);

    private static List<TrainingGroup> Groups() =>
        [.. Enumerable.Range(0, 5).Select(g => new TrainingGroup(TinyModels.Tokens(g, 5 + g, 101), [.. Enumerable.Range(0, 3).Select(i => TinyModels.Tokens(100 * g + i, 1 + 4 * i + g, 101))]))];

    private static SampleRequest[] Requests(int vocabulary) => [.. Enumerable.Range(0, 5).Select(i => new SampleRequest
    {
        Prompt = TinyModels.Tokens(i, 3 + 13 * i, vocabulary),
        Count = 1 + i % 4,
        MaxTokens = 12 + 5 * i,
        Key = RandomKey.FromSeed(i),
    })];

    private static IReadOnlyList<Completion>[] Sample(LearnerBench bench, SampleRequest[] requests, Precision precision = Precision.F32)
    {
        using var weights = new PackedWeights(bench.Learner.Parameters, bench.Team, precision, bench.Adapter);
        return new Sampler(weights, bench.Team).Sample(requests);
    }

    private static float[] Values(ParameterVector vector) => [.. vector.ToWeights().SelectMany(pair => pair.Value)];

    private static double Distance(float[][] left, float[][] right) => left.Zip(right, (a, b) => a.Zip(b, (x, y) => Math.Abs((double)x - y)).Max()).Max();
}
