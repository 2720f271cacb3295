using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

/// <summary>Buffers of random numbers between -1 and 1.</summary>
internal static class FloatRows
{
    public static NativeBuffer Random(long seed, int length)
    {
        var (buffer, key) = (new NativeBuffer(length), RandomKey.FromSeed(seed));
        var values = buffer.Span(0, length);
        for (var i = 0; i < length; i++) values[i] = (float)(2 * key.Uniform(i) - 1);
        return buffer;
    }

    public static NativeBuffer Of(params ReadOnlySpan<float> values)
    {
        var buffer = new NativeBuffer(values.Length);
        values.CopyTo(buffer.Span(0, values.Length));
        return buffer;
    }

    public static int[] Bits(ReadOnlySpan<float> values)
    {
        var bits = new int[values.Length];
        for (var i = 0; i < bits.Length; i++) bits[i] = BitConverter.SingleToInt32Bits(values[i]);
        return bits;
    }
}
