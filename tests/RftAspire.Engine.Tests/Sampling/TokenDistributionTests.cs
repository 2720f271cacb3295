using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Numerics;

namespace RftAspire.Engine.Tests.Sampling;

public sealed unsafe class TokenDistributionTests
{
    private static readonly double[] s_probabilities = [0.05, 0.5, 0.1, 0.2, 0.15];

    [Theory]
    [InlineData(0, 0.45, new[] { 1 })]
    [InlineData(0, 0.55, new[] { 1, 3 })]
    [InlineData(0, 0.69, new[] { 1, 3 })]
    [InlineData(0, 0.71, new[] { 1, 3, 4 })]
    [InlineData(0, 0.94, new[] { 1, 2, 3, 4 })]
    [InlineData(0, 0, new[] { 1 })]
    [InlineData(0, 1, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(1, 1, new[] { 1 })]
    [InlineData(3, 1, new[] { 1, 3, 4 })]
    [InlineData(99, 1, new[] { 0, 1, 2, 3, 4 })]
    [InlineData(4, 0.6, new[] { 1, 3 })]
    [InlineData(2, 0.9, new[] { 1, 3 })]
    public void Apply_TopKAndTopP_KeepTheLikeliest(int topK, double topP, int[] kept) =>
        With(Logits(s_probabilities), 1, distribution =>
        {
            new TokenFilter(distribution.Size).Apply(distribution, topK, topP);
            Assert.Equal(kept, Enumerable.Range(0, 5).Where(i => distribution.Numerators[i] > 0));
            Assert.Equal(kept, Enumerable.Range(0, 1000).Select(i => distribution.At(i / 1000.0)).Distinct().Order());
        });

    [Fact]
    public void Apply_EqualProbabilities_KeepsTheLowestIds() =>
        With([1, 2, 2, 2, 1, 2], 1, distribution =>
        {
            new TokenFilter(distribution.Size).Apply(distribution, topK: 2, topP: 1);
            Assert.Equal([1, 2], Enumerable.Range(0, 6).Where(i => distribution.Numerators[i] > 0));
        });

    [Fact]
    public void Apply_Filter_LeavesLogprobsOfTheWholeDistribution() =>
        With(Logits(s_probabilities), 1, distribution =>
        {
            new TokenFilter(distribution.Size).Apply(distribution, topK: 1, topP: 1);
            for (var i = 0; i < 5; i++) Assert.Equal(Math.Log(s_probabilities[i]), distribution.Logprob(i), 1e-6);
        });

    [Fact]
    public void Likeliest_Ties_TakesTheLowestId() => With([0, 3, 3, -1], 1, distribution => Assert.Equal(1, distribution.Likeliest()));

    [Fact]
    public void Likeliest_OfTies_TakesTheLowerIdsFirst() => With([2, 0, 3, 2, 3, 2], 1, distribution =>
    {
        var top = new TokenLogprob[4];
        distribution.Likeliest(top);
        Assert.Equal([2, 4, 0, 3], top.Select(one => one.Token));
        Assert.All(top, one => Assert.Equal(distribution.Logprob(one.Token), one.Logprob));
    });

    [Theory]
    [InlineData(5)]
    [InlineData(64)]
    [InlineData(97)]
    [InlineData(1000)]
    public void Keep_AnyMask_LeavesExactlyItsTokens(int size)
    {
        var key = RandomKey.FromSeed(size);
        var logits = Enumerable.Range(0, size).Select(i => (float)key.Normal(i)).ToArray();
        for (var share = 0.02; share <= 1; share += 0.49)
        {
            var allowed = Enumerable.Range(0, size).Where(i => i == size - 1 || key.Derive(1).Uniform(i) < share).ToArray();
            With(logits, 1, distribution =>
            {
                var before = new Span<float>(distribution.Numerators, size).ToArray();
                Assert.True(distribution.Keep(Mask(size, allowed)));
                Assert.Equal(before.Select((value, i) => allowed.Contains(i) ? value : 0), new Span<float>(distribution.Numerators, size).ToArray());
                Assert.All(Enumerable.Range(0, 100), i => Assert.Contains(distribution.At(i / 100.0), allowed));
                Assert.Equal(allowed.MaxBy(i => logits[i]), distribution.Likeliest(Mask(size, allowed)));
                for (var i = 0; i < size; i += 7) Assert.Equal(Math.Log(before[i] / distribution.Sum), distribution.Logprob(i), 1e-5);
            });
        }
    }

    [Fact]
    public void Keep_NothingLeftOfTheMask_IsFalse() =>
        With([0, -500, -400, -400], 1, distribution =>
        {
            Assert.False(distribution.Keep(Mask(4, 1, 2, 3)));
            Assert.Equal(2, distribution.Likeliest(Mask(4, 1, 2, 3)));
            Assert.Equal(-400, distribution.Logprob(2));
        });

    [Theory]
    [InlineData(0, 0.6, new[] { 3 })]
    [InlineData(0, 0.7, new[] { 3, 4 })]
    [InlineData(2, 1, new[] { 3, 4 })]
    [InlineData(99, 1, new[] { 0, 3, 4 })]
    public void Apply_AfterAMask_KeepsTheLikeliestOfWhatIsAllowed(int topK, double topP, int[] kept) =>
        With(Logits([0.05, 0.5, 0.1, 0.25, 0.1]), 1, distribution =>
        {
            distribution.Keep(Mask(5, 0, 3, 4));
            new TokenFilter(distribution.Size).Apply(distribution, topK, topP);
            Assert.Equal(kept, Enumerable.Range(0, 5).Where(i => distribution.Numerators[i] > 0));
        });

    [Fact]
    public void Likeliest_NaN_Throws() =>
        With([float.NaN, float.NaN], 1, distribution => Assert.Throws<InvalidOperationException>(() => distribution.Likeliest()));

    [Fact]
    public void At_NaN_Throws() =>
        With([1, float.NaN, 2], 1, distribution => Assert.Throws<InvalidOperationException>(() => distribution.At(0.5)));

    [Fact]
    public void At_Quantiles_CutTheIdsAtTheirProbabilities()
    {
        const int points = 10_000;
        With(Logits(s_probabilities), 1, distribution =>
        {
            var tokens = Enumerable.Range(0, points).Select(i => distribution.At((i + 0.5) / points)).ToList();
            Assert.Equal(tokens.Order(), tokens);
            for (var token = 0; token < 5; token++) Assert.Equal(s_probabilities[token], tokens.Count(t => t == token) / (double)points, 2e-4);
        });
    }

    [Theory]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(1000)]
    public void At_EdgesOfAnySize_AreTokensWithAProbability(int size)
    {
        var logits = new float[size];
        logits.AsSpan().Fill(-1000);
        logits[1] = logits[size - 2] = 0;
        With(logits, 1, distribution =>
        {
            Assert.Equal(1, distribution.At(0));
            Assert.Equal(1, distribution.At(0.4999));
            Assert.Equal(size - 2, distribution.At(0.5001));
            Assert.Equal(size - 2, distribution.At(1 - 1.0 / (1UL << 53)));
        });
    }

    [Fact]
    public void LogprobAndEntropy_Temperature_ScalesTheLogits()
    {
        float[] logits = [1, -2, 0.5f, 3];
        var scaled = logits.Select(z => Math.Exp(z / 0.7)).ToArray();
        var probabilities = scaled.Select(e => e / scaled.Sum()).ToArray();
        With(logits, 1 / 0.7f, distribution =>
        {
            for (var i = 0; i < 4; i++) Assert.Equal(Math.Log(probabilities[i]), distribution.Logprob(i), 2e-6);
            Assert.Equal(-probabilities.Sum(p => p * Math.Log(p)), distribution.Entropy(), 2e-6);
        });
    }

    private static float[] Logits(double[] probabilities) => [.. probabilities.Select(p => (float)Math.Log(p) + 2)];

    private static uint[] Mask(int size, params int[] tokens)
    {
        var mask = new uint[(size + 31) / 32];
        foreach (var token in tokens) mask[token >> 5] |= 1u << token;
        return mask;
    }

    private delegate void Check(TokenDistribution distribution);

    private static void With(float[] logits, float inverseTemperature, Check check)
    {
        using NativeBuffer row = FloatRows.Of(logits), numerators = new(TokenDistribution.RoundUp(logits.Length));
        check(new TokenDistribution(row.Start, logits.Length, inverseTemperature, numerators.Start));
    }
}
