using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public enum BFloat16Range
{
    Ordinary,
    AroundTheSmallestNormal,
    AnyBits,
}

/// <summary>Random bf16 pairs, and the sum that the kernels must give, one step at a time.</summary>
internal static unsafe class BFloat16Values
{
    private const double SmallestNormal = 1.17549435082228750797e-38, HalfUlpBelowOne = 1.0 / (1 << 25);

    public static NativeBuffer Pairs(long seed, int count, BFloat16Range range)
    {
        var (buffer, key) = (new NativeBuffer(count), RandomKey.FromSeed(seed));
        for (var i = 0; i < 2 * count; i++) ((ushort*)buffer.Start)[i] = Element((uint)(key.Uniform(i) * uint.MaxValue), range);
        return buffer;
    }

    /// <summary>Starting values for C; around the smallest normal they are within a few ulps of it, or subnormal.</summary>
    public static float Start(int row, int column, BFloat16Range range) => range switch
    {
        BFloat16Range.Ordinary => row - 0.5f * column,
        BFloat16Range.AroundTheSmallestNormal => BitConverter.Int32BitsToSingle((1 << 23) + 3 * column - 2 * row) * (column % 2 == 0 ? 1 : -1),
        _ => BitConverter.Int32BitsToSingle((row * 7919 + column * 104729) * 40503),
    };

    /// <summary>The sum over pairs: odd before even, each step fused, subnormal numbers and results as zero.</summary>
    public static float Sum(int pairs, uint* a, long aPair, uint* b, float start)
    {
        var sum = Flushed(start);
        for (var p = 0; p < pairs; p++)
        {
            var (left, right) = (a[p * aPair], b[p * BFloat16Kernel.PanelColumns]);
            sum = Step(Float(left & 0xffff0000), Float(right & 0xffff0000), sum);
            sum = Step(Float(left << 16), Float(right << 16), sum);
        }
        return sum;
    }

    public static double ExactSum(int pairs, uint* a, long aPair, uint* b, double start)
    {
        for (var p = 0; p < pairs; p++)
        {
            var (left, right) = (a[p * aPair], b[p * BFloat16Kernel.PanelColumns]);
            start += (double)Float(left & 0xffff0000) * Float(right & 0xffff0000) + (double)Float(left << 16) * Float(right << 16);
        }
        return start;
    }

    /// <summary>Bits, with one pattern for all NaNs.</summary>
    public static int Bits(float value) => float.IsNaN(value) ? -1 : BitConverter.SingleToInt32Bits(value);

    private static ushort Element(uint random, BFloat16Range range) => range switch
    {
        BFloat16Range.Ordinary => (ushort)((random & 0x807f) | ((118 + (random >> 16) % 12) << 7)),
        // Products between 2^-158 and 2^-118, now and then a zero or a subnormal number.
        BFloat16Range.AroundTheSmallestNormal => (ushort)((random & 0x807f) | ((random >> 26) == 0 ? 0 : (48 + (random >> 16) % 20) << 7)),
        _ => (ushort)random,
    };

    private static float Step(float left, float right, float sum)
    {
        (left, right) = (Flushed(left), Flushed(right));
        var result = MathF.FusedMultiplyAdd(left, right, sum);
        // Subnormal is what lies below the smallest normal after rounding to 24 bits with unbounded exponents.
        var subnormal = Math.Abs(Math.FusedMultiplyAdd(left, right, (double)sum)) < SmallestNormal * (1 - HalfUlpBelowOne);
        return subnormal ? MathF.CopySign(0, result) : result;
    }

    private static float Flushed(float value) => float.IsSubnormal(value) ? MathF.CopySign(0, value) : value;

    private static float Float(uint bits) => BitConverter.UInt32BitsToSingle(bits);
}
