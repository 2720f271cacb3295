using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>
/// The softmax of one row of logits at a temperature. Sampler and learner take log-probabilities from here, so they agree to the
/// last bit.
/// </summary>
internal readonly unsafe struct TokenDistribution
{
    private const int Block = 64;
    private readonly float* _logits;
    private readonly float _max;
    private readonly float _inverseTemperature;

    /// <param name="logits">One row, <paramref name="size"/> floats.</param>
    /// <param name="size">Vocabulary size.</param>
    /// <param name="inverseTemperature">1 / temperature.</param>
    /// <param name="numerators">Receives exp((z - max) / temperature); room for the size rounded up to 64, zeros behind the end.</param>
    public TokenDistribution(float* logits, int size, float inverseTemperature, float* numerators)
    {
        _logits = logits;
        _inverseTemperature = inverseTemperature;
        Size = size;
        Numerators = numerators;
        _max = VectorMath.Max(logits, size);
        Sum = VectorMath.ExpTo(logits, numerators, size, _max, inverseTemperature);
        LogSum = (float)Math.Log(Sum);
        for (var i = size; i < RoundUp(size); i++) numerators[i] = 0;
    }

    public int Size { get; }
    public float* Numerators { get; }
    public float Sum { get; }
    public float LogSum { get; }

    public static int RoundUp(int size) => (size + Block - 1) / Block * Block;

    public float Logprob(int token) => (_logits[token] - _max) * _inverseTemperature - LogSum;

    /// <summary>Whether no token has a greater logit.</summary>
    public bool IsLikeliest(int token) => _logits[token] == _max;

    /// <summary>H = log sum - mean of the scaled logits, in nats.</summary>
    public float Entropy()
    {
        var mean = VectorMath.DotPositive(Numerators, _logits, _max, Size);
        return LogSum - mean * _inverseTemperature / Sum;
    }

    /// <summary>The token with the greatest logit, the lowest id among equals.</summary>
    /// <param name="mask">Those to choose from, as <see cref="Keep"/> takes them; empty for all.</param>
    public int Likeliest(ReadOnlySpan<uint> mask = default)
    {
        var likeliest = LikeliestOfAll();
        if (mask.IsEmpty || (mask[likeliest >> 5] >> likeliest & 1) == 1) return likeliest;
        likeliest = -1;
        for (var i = 0; i < mask.Length; i++)
        {
            for (var bits = mask[i]; bits != 0; bits &= bits - 1)
            {
                var token = 32 * i + BitOperations.TrailingZeroCount(bits);
                if (likeliest < 0 || _logits[token] > _logits[likeliest]) likeliest = token;
            }
        }
        return likeliest;
    }

    /// <summary>Fills in the tokens with the greatest logits in descending order, the lower id first among equals.</summary>
    public void Likeliest(Span<TokenLogprob> top)
    {
        var count = 0;
        for (var token = 0; token < Size; token++)
        {
            var logit = _logits[token];
            if (count == top.Length && !(logit > _logits[top[^1].Token])) continue;
            var place = count < top.Length ? count++ : count - 1;
            for (; place > 0 && logit > _logits[top[place - 1].Token]; place--) top[place] = top[place - 1];
            top[place] = new TokenLogprob(token, Logprob(token));
        }
    }

    /// <summary>Gives all other tokens numerator 0. False when nothing is left: those of the mask are too unlikely for a float.</summary>
    /// <param name="mask">Token t is bit t mod 32 of element t / 32; none from the size on.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Keep(ReadOnlySpan<uint> mask)
    {
        var left = Vector512<float>.Zero;
        for (var i = 0; i < mask.Length; i++) left |= KeepSixteen(Numerators + 32 * i, mask[i]) | KeepSixteen(Numerators + 32 * i + 16, mask[i] >> 16);
        return left.AsInt32() != Vector512<int>.Zero;
    }

    private int LikeliestOfAll()
    {
        for (var i = 0; i < Size; i++)
        {
            if (_logits[i] == _max) return i;
        }
        throw new InvalidOperationException("the logits hold no maximum: the model computed NaN");
    }

    /// <summary>The token at quantile <paramref name="uniform"/> of the numerators (which a mask and a filter may have thinned out).</summary>
    public int At(double uniform)
    {
        var blocks = RoundUp(Size) / Block;
        double total = 0;
        for (var b = 0; b < blocks; b++) total += BlockSum(b);
        if (!(total > 0)) throw new InvalidOperationException("no token has a probability: the model computed NaN");
        var target = uniform * total;
        double before = 0;
        var last = -1;
        for (var b = 0; b < blocks; b++)
        {
            double sum = BlockSum(b);
            if (sum <= 0) continue;
            last = b;
            if (before + sum > target) break;
            before += sum;
        }
        return WithinBlock(last, target - before);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> KeepSixteen(float* numerators, uint bits)
    {
        var bitOfLane = Vector512.Create(1, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7, 1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15);
        var kept = Vector512.Load(numerators) & Vector512.Equals(Vector512.Create((int)bits) & bitOfLane, bitOfLane).AsSingle();
        kept.Store(numerators);
        return kept;
    }

    private int WithinBlock(int block, double target)
    {
        var token = -1;
        double before = 0;
        for (var i = block * Block; i < (block + 1) * Block; i++)
        {
            if (Numerators[i] <= 0) continue;
            token = i;
            before += Numerators[i];
            if (before > target) break;
        }
        return token;
    }

    private float BlockSum(int block)
    {
        var start = Numerators + block * Block;
        return VectorMath.AddLanes(Vector512.Load(start) + Vector512.Load(start + 16) + (Vector512.Load(start + 32) + Vector512.Load(start + 48)));
    }
}
