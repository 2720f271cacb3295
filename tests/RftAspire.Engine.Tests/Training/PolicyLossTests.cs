using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

public sealed class PolicyLossTests
{
    [Theory]
    [InlineData(0.0, 1, 1.000000, -1.000000, false)]
    [InlineData(0.3, 1, 1.349859, -1.200000, true)]
    [InlineData(0.3, -1, 1.349859, 1.349859, false)]
    [InlineData(-0.3, 1, 0.740818, -0.740818, false)]
    [InlineData(-0.3, -1, 0.740818, 0.800000, true)]
    [InlineData(2.0, 1, 7.389056, -1.200000, true)]
    [InlineData(2.0, -1, 7.389056, 7.389056, false)]
    public void Gradient_RatioAndAdvantage_ClipsOnTheWorseSideOnly(double logRatio, float advantage, double ratio, double loss, bool clipped)
    {
        var policy = new PolicyLoss([new PolicySequence(advantage, [-1.5f], null, 1)], clipRange: 0.2f, klCoefficient: 0);
        var gradient = policy.Gradient(0, 0, new TokenScore((float)(logRatio - 1.5), Entropy: 0.25f, IsLikeliest: false));
        Assert.Equal(loss, policy.Loss, 2e-6);
        Assert.Equal(clipped ? 0 : -advantage * ratio, gradient, 2e-6);
        Assert.Equal(clipped ? 1 : 0, policy.ClippedTokens);
        Assert.Equal((ratio, ratio), (policy.RatioMin, policy.RatioMax), (a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 4e-6);
        Assert.Equal(ratio - logRatio - 1, policy.MismatchKl, 4e-6);
        Assert.Equal(0.25, policy.Entropy, 1e-7);
    }

    [Theory]
    [InlineData(0.24, 1, -1.271249, false)]
    [InlineData(0.3, 1, -1.280000, true)]
    [InlineData(-0.3, -1, 0.800000, true)]
    public void Gradient_HigherUpperClip_BoundsTheUpperSideAlone(double logRatio, float advantage, double loss, bool clipped)
    {
        var policy = new PolicyLoss([new PolicySequence(advantage, [-1.5f], null, 1)], clipRange: 0.2f, klCoefficient: 0, clipRangeHigh: 0.28f);
        policy.Gradient(0, 0, new TokenScore((float)(logRatio - 1.5), 0, IsLikeliest: false));
        Assert.Equal(loss, policy.Loss, 2e-6);
        Assert.Equal(clipped ? 1 : 0, policy.ClippedTokens);
    }

    [Theory]
    [InlineData(0.1, 0.004837)]
    [InlineData(-0.1, 0.005171)]
    [InlineData(1, 0.367879)]
    [InlineData(-1, 0.718282)]
    public void Gradient_DistanceToTheReference_AddsK3(double distance, double divergence)
    {
        var loss = new PolicyLoss([new PolicySequence(0, [-2], [-2 - (float)distance], 1)], clipRange: 0.2f, klCoefficient: 0.5f);
        var gradient = loss.Gradient(0, 0, new TokenScore(-2, 0, IsLikeliest: false));
        Assert.Equal(divergence, loss.Divergence, 1e-6);
        Assert.Equal(0.5 * divergence, loss.Loss, 1e-6);
        Assert.Equal(0.5 * (1 - Math.Exp(-distance)), gradient, 1e-6);
    }

    [Theory]
    [InlineData(LossAverage.Token, 0.625)]
    [InlineData(LossAverage.Sequence, 0.75)]
    [InlineData(LossAverage.Constant, 0.3125)]
    public void Step_Average_WeighsTokensAsItsNameSays(LossAverage average, double expected)
    {
        var weights = Weights(average);
        Assert.Equal(expected, 2 * weights[0] * 1.0 + 6 * weights[1] * 0.5, 1e-7);
    }

    /// <summary>The weight of one token in a sequence of 2 and in one of 6 tokens, read off the loss that a step reports.</summary>
    private static double[] Weights(LossAverage average) => [.. Enumerable.Range(0, 2).Select(learned =>
    {
        using var bench = new LearnerBench(TinyModels.Random(TinyModels.Config("llama")), threads: 1);
        using var trainer = new PolicyTrainer(bench.Learner.Parameters, null, bench.Team, new AdamWSettings());
        int[][] completions = [[3, 4], [5, 6, 7, 8, 9, 10]];
        var logprobs = bench.Learner.Logprobs([new TrainingGroup([1, 2], completions)]);
        // A ratio of 1/e under a negative advantage is clipped to 0.8, so each token of the sequence made to differ loses 0.2 |A|.
        var sampled = logprobs.Select((row, i) => row.Select(logprob => i == learned ? logprob + 1 : logprob).ToArray()).ToArray();
        double?[] rewards = learned == 0 ? [0, 1] : [1, 0];
        var settings = new PolicyStepSettings { LearningRate = 0, MaxCompletionTokens = 8, Average = average };
        var group = new RolloutGroup([1, 2], completions, logprobs, rewards);
        var plain = trainer.Step([group], settings);
        var clipped = trainer.Step([group with { SamplingLogprobs = sampled }], settings);
        return (plain.Loss - clipped.Loss) / (0.2 * 0.5) / completions[learned].Length;
    })];
}
