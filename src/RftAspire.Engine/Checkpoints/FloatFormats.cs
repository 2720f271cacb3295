using System.Numerics;
using System.Runtime.InteropServices;

namespace RftAspire.Engine.Checkpoints;

/// <summary>Widening of stored 16-bit floats (exact) and narrowing to them (to nearest, ties to even).</summary>
public static class FloatFormats
{
    /// <summary>Converts stored values, one for each element of the target; the bytes need not be aligned.</summary>
    internal static unsafe void Widen(DType type, byte* source, Span<float> target)
    {
        if (type == DType.F32) new ReadOnlySpan<float>(source, target.Length).CopyTo(target);
        else if (type == DType.F16) WidenHalf(new ReadOnlySpan<Half>(source, target.Length), target);
        else if (type == DType.BF16) WidenBFloat16(new ReadOnlySpan<ushort>(source, target.Length), target);
        else throw new ArgumentOutOfRangeException(nameof(type), type, "weights are stored as F32, F16 or BF16");
    }

    public static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<float> target)
    {
        var bits = MemoryMarshal.Cast<float, uint>(target[..source.Length]);
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(source[i..]), out var low, out var high);
            (low << 16).CopyTo(bits[i..]);
            (high << 16).CopyTo(bits[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++) bits[i] = (uint)source[i] << 16;
    }

    /// <summary>
    /// Exponent and mantissa, moved to their places in a float32, make a value that is 2^-112 of the half, subnormal halves
    /// included; only infinities and NaNs need their exponent filled up.
    /// </summary>
    public static void WidenHalf(ReadOnlySpan<Half> source, Span<float> target)
    {
        var i = 0;
        for (; i <= source.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(MemoryMarshal.Cast<Half, ushort>(source[i..])), out var low, out var high);
            WidenHalf(low).CopyTo(target[i..]);
            WidenHalf(high).CopyTo(target[(i + Vector<uint>.Count)..]);
        }
        for (; i < source.Length; i++) target[i] = (float)source[i];
    }

    private static Vector<float> WidenHalf(Vector<uint> half)
    {
        var magnitude = (half & new Vector<uint>(0x7fff)) << 13;
        var scaled = Vector.AsVectorUInt32(Vector.AsVectorSingle(magnitude) * new Vector<float>(5.192296858534828e33f));
        var special = Vector.GreaterThanOrEqual(magnitude, new Vector<uint>(0x7c00u << 13)) & new Vector<uint>(0x7f800000);
        return Vector.AsVectorSingle(((half & new Vector<uint>(0x8000)) << 16) | scaled | special);
    }

    public static ushort ToBFloat16(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        // Rounding could carry a NaN's payload into infinity, so a NaN keeps its sign and becomes quiet.
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    public static float FromBFloat16(ushort value) => BitConverter.UInt32BitsToSingle((uint)value << 16);
}
