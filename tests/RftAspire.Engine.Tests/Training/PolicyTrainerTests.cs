using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

public sealed class PolicyTrainerTests
{
    private const int Vocabulary = 16, Wanted = 5, Length = 6;
    private static readonly PolicyStepSettings s_settings = new() { LearningRate = 1e-2, MaxCompletionTokens = Length };

    [Fact]
    public void Step_RewardForAToken_IsLearned()
    {
        var shares = Learn(steps: 120, shuffle: false);
        Assert.InRange(shares.Take(3).Average(), 0, 0.2);
        Assert.InRange(shares.TakeLast(5).Average(), 0.8, 1);
    }

    [Fact]
    public void Step_ShuffledRewards_TeachNothing() => Assert.InRange(Learn(steps: 120, shuffle: true).TakeLast(20).Average(), 0, 0.35);

    [Fact]
    public void Step_OnPolicy_RatioIsExactlyOne()
    {
        using var bench = Bench();
        using var trainer = new PolicyTrainer(bench.Learner.Parameters, null, bench.Team, new AdamWSettings());
        for (var step = 0; step < 5; step++)
        {
            var result = trainer.Step(Sample(bench, step), s_settings);
            Assert.Equal((1f, 1f, 0.0, 0.0), (result.RatioMin, result.RatioMax, result.ClipFraction, result.MismatchKl));
        }
    }

    [Fact]
    public void Step_UngradedRollouts_ChangeNothingElse()
    {
        var groups = SampledGroups();
        // The first group loses a rollout, the last one all of them.
        var nulls = groups.Select((group, g) => group with { Rewards = [.. group.Rewards.Select((r, i) => (g == 0 && i == 2) || g == 3 ? null : r)] }).ToList();
        var without = groups.Take(3).Select((group, g) => g > 0 ? group : new RolloutGroup(group.Prompt, Without(group.Completions, 2),
            Without(group.SamplingLogprobs, 2), Without(group.Rewards, 2))).ToList();
        var (weights, result) = Stepped(nulls);
        var (expectedWeights, expected) = Stepped(without);
        Assert.Equal(expected, result);
        Assert.Equal(expectedWeights, weights);
    }

    [Fact]
    public void Step_NothingGraded_LeavesTheWeights()
    {
        var (weights, result) = Stepped([.. SampledGroups().Select(group => group with { Rewards = new double?[group.Rewards.Length] })]);
        using var bench = Bench();
        Assert.Equal(Values(bench), weights);
        Assert.Equal((0L, 0.0, 0.0), (result.Tokens, result.Loss, result.GradientNorm));
    }

    [Fact]
    public void Step_KlCoefficient_PullsTowardsTheReference()
    {
        var free = Distance(klCoefficient: 0);
        Assert.InRange(Distance(klCoefficient: 5), 0, free / 4);
    }

    /// <summary>The mean share of the wanted token among those sampled in each step.</summary>
    private static List<double> Learn(int steps, bool shuffle)
    {
        using var bench = Bench();
        using var trainer = new PolicyTrainer(bench.Learner.Parameters, null, bench.Team, new AdamWSettings());
        var shares = new List<double>();
        for (var step = 0; step < steps; step++)
        {
            var groups = Sample(bench, step);
            shares.Add(groups.Average(group => group.Rewards.Average(reward => reward!.Value)));
            trainer.Step(shuffle ? Shuffle(groups, RandomKey.FromSeed(step)) : groups, s_settings);
        }
        return shares;
    }

    private static List<RolloutGroup> Shuffle(List<RolloutGroup> groups, RandomKey key)
    {
        var rewards = groups.SelectMany(group => group.Rewards).ToArray();
        var order = key.Permutation(rewards.Length);
        var next = 0;
        return [.. groups.Select(group => group with { Rewards = [.. group.Rewards.Select(_ => rewards[order[next++]])] })];
    }

    private static LearnerBench Bench() => new(Parameters.Random(TinyModels.Config("llama", hidden: 32, vocabulary: Vocabulary), RandomKey.FromSeed(1)), threads: 1);

    private static List<RolloutGroup> SampledGroups()
    {
        using var bench = Bench();
        return Sample(bench, 0);
    }

    private static List<RolloutGroup> Sample(LearnerBench bench, int step)
    {
        using var weights = new PackedWeights(bench.Learner.Parameters, bench.Team);
        var requests = Enumerable.Range(0, 4).Select(g => new SampleRequest
        {
            Prompt = TinyModels.Tokens(g, 3, Vocabulary),
            Count = 8,
            MaxTokens = Length,
            Key = RandomKey.FromSeed(9).Derive(step).Derive(g),
        }).ToList();
        return [.. new Sampler(weights, bench.Team).Sample(requests).Select((completions, g) => new RolloutGroup(requests[g].Prompt,
            [.. completions.Select(c => c.Tokens)], [.. completions.Select(c => c.Logprobs)],
            [.. completions.Select(c => (double?)c.Tokens.Count(token => token == Wanted) / Length)]))];
    }

    private static (float[] Weights, PolicyStepResult Result) Stepped(List<RolloutGroup> groups)
    {
        using var bench = Bench();
        using var trainer = new PolicyTrainer(bench.Learner.Parameters, null, bench.Team, new AdamWSettings());
        var result = trainer.Step(groups, s_settings);
        return (Values(bench), result);
    }

    private static double Distance(double klCoefficient)
    {
        using LearnerBench bench = Bench(), reference = Bench();
        using var trainer = new PolicyTrainer(bench.Learner.Parameters, reference.Learner.Parameters, bench.Team, new AdamWSettings());
        var settings = s_settings with { KlCoefficient = klCoefficient };
        for (var step = 0; step < 25; step++) trainer.Step(Sample(bench, step), settings);
        var groups = Sample(bench, 99).ConvertAll(group => new TrainingGroup(group.Prompt, group.Completions));
        bench.Learner.WeightsChanged();
        var (policy, old) = (bench.Learner.Logprobs(groups), reference.Learner.Logprobs(groups));
        return Math.Abs(policy.Zip(old, (a, b) => a.Sum() - b.Sum()).Average());
    }

    private static float[] Values(LearnerBench bench) => [.. bench.Learner.Parameters.ToWeights().SelectMany(pair => pair.Value)];

    private static T[] Without<T>(T[] values, int index) => [.. values.Where((_, i) => i != index)];
}
