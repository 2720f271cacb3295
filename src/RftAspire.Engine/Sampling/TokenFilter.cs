namespace RftAspire.Engine.Sampling;

/// <summary>
/// Top-k and nucleus filtering (Holtzman et al., 2020): what falls out gets numerator 0. Numerators are counted in buckets by their
/// leading bits; only the bucket in which the cut falls is sorted. Equal numerators are kept in the order of their ids.
/// </summary>
internal sealed unsafe class TokenFilter(int vocabulary)
{
    // Sign, 8 bits of exponent and 3 of the mantissa of floats up to 1.
    private const int BucketShift = 20, Buckets = (0x3F800000 >> BucketShift) + 1;
    private readonly int[] _counts = new int[Buckets];
    private readonly double[] _sums = new double[Buckets];
    private readonly int[] _candidates = new int[vocabulary];
    private readonly float[] _weights = new float[vocabulary];

    public void Apply(TokenDistribution distribution, int topK, double topP)
    {
        var numerators = new Span<float>(distribution.Numerators, distribution.Size);
        var most = topK > 0 ? Math.Min(topK, numerators.Length) : numerators.Length;
        var total = Count(numerators);
        // One token is always kept.
        var enough = topP < 1 ? Math.Max(topP * total, double.Epsilon) : double.PositiveInfinity;
        var (kept, sum, bucket) = (0, 0.0, Buckets - 1);
        // Only zeros fall into the lowest bucket.
        while (bucket > 0 && kept + _counts[bucket] <= most && sum + _sums[bucket] < enough)
        {
            kept += _counts[bucket];
            sum += _sums[bucket--];
        }
        if (bucket == 0) return;
        Cut(numerators, bucket, most - kept, enough - sum);
    }

    /// <summary>Fills the buckets; returns the sum of all.</summary>
    private double Count(ReadOnlySpan<float> numerators)
    {
        Array.Clear(_counts);
        Array.Clear(_sums);
        foreach (var numerator in numerators)
        {
            // Zeros, which a constraint makes many of, are never cut.
            if (numerator == 0) continue;
            var bucket = Bucket(numerator);
            _counts[bucket]++;
            _sums[bucket] += numerator;
        }
        double total = 0;
        foreach (var sum in _sums) total += sum;
        return total;
    }

    /// <summary>Clears all below the bucket, and of the bucket all but the largest: at most so many, and no more than reach the sum.</summary>
    private void Cut(Span<float> numerators, int bucket, int most, double enough)
    {
        var count = 0;
        for (var i = 0; i < numerators.Length; i++)
        {
            var at = Bucket(numerators[i]);
            if (at < bucket) numerators[i] = 0;
            if (at != bucket) continue;
            (_candidates[count], _weights[count]) = (i, -numerators[i]);
            count++;
        }
        SortByWeightThenId(count);
        double sum = 0;
        for (var rank = 0; rank < count; rank++)
        {
            if (rank >= most || sum >= enough) numerators[_candidates[rank]] = 0;
            else sum -= _weights[rank];
        }
    }

    /// <summary>Of a number from 0 to 1; NaN, which the draw reports, goes with 1.</summary>
    private static int Bucket(float numerator) => (int)Math.Min(BitConverter.SingleToUInt32Bits(numerator) >> BucketShift, Buckets - 1);

    private void SortByWeightThenId(int count)
    {
        _weights.AsSpan(0, count).Sort(_candidates.AsSpan(0, count));
        // The sort is not stable: runs of equal weights get their ids back in order.
        for (var first = 0; first < count;)
        {
            var end = first + 1;
            while (end < count && _weights[end] == _weights[first]) end++;
            _candidates.AsSpan(first, end - first).Sort();
            first = end;
        }
    }
}
