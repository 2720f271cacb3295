using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public sealed class RandomKeyTests
{
    private static readonly RandomKey s_key = RandomKey.FromSeed(42);

    [Fact]
    public void FromSeed_KnownSeeds_AreTheFirstNumbersOfSplitMix64()
    {
        // Our seeds are SplitMix64's, moved by a constant.
        const long zero = 2718281828459045234;
        Assert.Equal(0xE220A8397B1DCDAFUL, RandomKey.FromSeed(zero).Value);
        Assert.Equal(6457827717110365317UL, RandomKey.FromSeed(zero + 1234567).Value);
    }

    [Fact]
    public void Numbers_OfOneKey_StayWhatTheyAre()
    {
        Assert.Equal(0x9644561FD862C307UL, RandomKey.FromSeed(-1).Value);
        Assert.Equal(0x48F92F108DBE590FUL, s_key.Value);
        Assert.Equal(0xA3E27225973712D3UL, s_key.Derive(7).Value);
        Assert.Equal(0x87C0EB307B03D2E0UL, s_key.Derive(7).Derive(3).Value);
        Assert.Equal(0xB832041D6D56FA04UL, s_key.Derive(-1).Value);
        Assert.Equal([0.13896448929026106, 0.22803760329535194, 0.2993086509296984], new[] { 0L, 1, 1_000_000 }.Select(s_key.Uniform));
        Assert.Equal([14, 23, 30], new[] { 0L, 1, 1_000_000 }.Select(position => s_key.Below(position, 101)));
        Assert.Equal([2, 7, 5, 6, 9, 1, 3, 8, 0, 4], s_key.Permutation(10));
    }

    [Fact]
    public void Uniform_ManyPositionsOrKeys_IsUniform()
    {
        const int draws = 200_000, bins = 100;
        AssertUniform(Counts(draws, bins, i => (int)(s_key.Uniform(i) * bins)), draws);
        AssertUniform(Counts(draws, bins, i => (int)(s_key.Derive(i).Uniform(0) * bins)), draws);
        AssertUniform(Counts(draws, bins, i => s_key.Below(i, bins)), draws);
        // Neighbouring positions and neighbouring keys are independent: pairs fill the square evenly.
        AssertUniform(Counts(draws, bins, i => (int)(s_key.Uniform(i) * 10) * 10 + (int)(s_key.Uniform(i + 1) * 10)), draws);
        AssertUniform(Counts(draws, bins, i => (int)(s_key.Derive(i).Uniform(3) * 10) * 10 + (int)(s_key.Derive(i + 1).Uniform(3) * 10)), draws);
    }

    [Fact]
    public void Normal_ManyPositions_HasTheMomentsOfTheNormalDistribution()
    {
        const int draws = 200_000;
        var values = Enumerable.Range(0, draws).Select(i => s_key.Normal(i)).ToList();
        var error = 5 / Math.Sqrt(draws);
        Assert.Equal(0, values.Average(), error);
        Assert.Equal(1, values.Average(x => x * x), error * Math.Sqrt(2));
        Assert.Equal(3, values.Average(x => x * x * x * x), error * Math.Sqrt(96));
        Assert.Equal(0.0455, values.Average(x => Math.Abs(x) > 2 ? 1 : 0), error);
    }

    [Fact]
    public void Permutation_AnySize_HoldsEveryNumberOnce()
    {
        for (var n = 0; n <= 40; n++) Assert.Equal(Enumerable.Range(0, n), s_key.Derive(n).Permutation(n).Order());
        Assert.Equal(Enumerable.Range(0, 5000), s_key.Permutation(5000).Order());
    }

    [Fact]
    public void Permutation_ManyKeys_EveryOrderEquallyOften()
    {
        const int draws = 24_000;
        var counts = Enumerable.Range(0, draws).Select(i => string.Join(',', s_key.Derive(i).Permutation(4))).CountBy(order => order).Select(pair => pair.Value).ToArray();
        Assert.Equal(24, counts.Length);
        AssertUniform(counts, draws);
    }

    [Fact]
    public void Derive_SmallExhaustiveSet_NeverCollides()
    {
        var keys = new HashSet<ulong>();
        var count = 0;
        foreach (var seed in Enumerable.Range(0, 10))
        {
            var job = RandomKey.FromSeed(seed);
            Add(job);
            foreach (var step in Enumerable.Range(-2, 30))
            {
                Add(job.Derive(step));
                foreach (var purpose in Enumerable.Range(0, 3))
                    foreach (var group in Enumerable.Range(0, 40)) Add(job.Derive(step).Derive(purpose).Derive(group));
            }
        }
        Assert.Equal(count, keys.Count);

        void Add(RandomKey key)
        {
            count++;
            keys.Add(key.Value);
        }
    }

    private static int[] Counts(int draws, int bins, Func<int, int> bin)
    {
        var counts = new int[bins];
        for (var i = 0; i < draws; i++) counts[bin(i)]++;
        return counts;
    }

    /// <summary>Chi square within five deviations of its mean.</summary>
    private static void AssertUniform(int[] counts, int draws)
    {
        var expected = (double)draws / counts.Length;
        var chiSquare = counts.Sum(count => (count - expected) * (count - expected) / expected);
        var freedom = counts.Length - 1;
        Assert.InRange(chiSquare, freedom - 5 * Math.Sqrt(2 * freedom), freedom + 5 * Math.Sqrt(2 * freedom));
    }
}
