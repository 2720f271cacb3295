using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Numerics;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>The filter against a sort of all tokens, for random distributions with and without ties.</summary>
public sealed unsafe class TokenFilterTests
{
    private static readonly double[] s_topP = [1, 0.9999, 0.9, 0.5, 0.1, 1e-9, 0];

    public static TheoryData<int, int> Shapes => new()
    {
        { 1, 1 }, { 2, 1 }, { 7, 2 }, { 64, 3 }, { 101, 5 }, { 101, 100_000 }, { 1000, 12 }, { 1000, 100_000 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Apply_AnyKAndP_KeepsWhatASortKeeps(int size, int levels)
    {
        var filter = new TokenFilter(size);
        for (var trial = 0; trial < 6; trial++)
        {
            // Spreads from nearly even to most numerators 0.
            var (key, spread) = (RandomKey.FromSeed(trial), Math.Pow(4, trial - 1));
            var logits = Enumerable.Range(0, size).Select(i => (float)(spread * key.Below(i, levels) / levels * 4)).ToArray();
            foreach (var topK in new[] { 0, 1, 2, size / 3, size - 1, size, size + 9 })
                foreach (var topP in s_topP) AssertAsSorted(filter, logits, Math.Max(0, topK), topP);
        }
    }

    private static void AssertAsSorted(TokenFilter filter, float[] logits, int topK, double topP)
    {
        using NativeBuffer row = FloatRows.Of(logits), numerators = new(TokenDistribution.RoundUp(logits.Length));
        var distribution = new TokenDistribution(row.Start, logits.Length, 1, numerators.Start);
        var expected = Sorted(numerators.Span(0, logits.Length).ToArray(), topK, topP);
        filter.Apply(distribution, topK, topP);
        Assert.Equal(expected, numerators.Span(0, logits.Length).ToArray());
        Assert.True(numerators.Span(0, logits.Length).ContainsAnyExcept(0f), $"top-k {topK} and top-p {topP} keep nothing");
    }

    private static float[] Sorted(float[] numerators, int topK, double topP)
    {
        var (kept, sum, total) = (new float[numerators.Length], 0.0, numerators.Sum(numerator => (double)numerator));
        var most = topK == 0 ? numerators.Length : topK;
        foreach (var (rank, token) in numerators.Select((_, i) => i).OrderByDescending(i => numerators[i]).ThenBy(i => i).Index())
        {
            if (rank > 0 && (rank >= most || (topP < 1 && sum >= topP * total))) break;
            kept[token] = numerators[token];
            sum += numerators[token];
        }
        return kept;
    }
}
