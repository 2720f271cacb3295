using System.Numerics;
using System.Runtime.CompilerServices;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// Rounding of float32 to pairs of bf16, with the bits of <see cref="FloatFormats.ToBFloat16"/>: the element of even k in the low
/// half, that of odd k in the high half, zero behind an odd depth.
/// </summary>
internal static unsafe class BFloat16Pairs
{
    private const uint Magnitude = 0x7fffffff, Infinity = 0x7f800000, QuietBit = 0x00400000, High = 0xffff0000;

    /// <summary>Pairs of a row of <paramref name="depth"/> elements.</summary>
    public static int Count(int depth) => (depth + 1) / 2;

    /// <summary>
    /// A distance between rows of pairs that keeps the rows of a tile apart in the cache: an odd number of cache lines, where a
    /// power of two would send all rows to the same few places.
    /// </summary>
    public static int RowStride(int depth) => ((Count(depth) + 15) / 16 | 1) * 16;

    /// <summary>Rounds one row along k.</summary>
    public static void Pack(float* row, int depth, uint* pairs)
    {
        var source = (uint*)row;
        var target = (ushort*)pairs;
        var i = 0;
        for (; i <= depth - 2 * Vector<uint>.Count; i += 2 * Vector<uint>.Count)
        {
            var low = Rounded(Vector.Load(source + i)) >>> 16;
            var high = Rounded(Vector.Load(source + i + Vector<uint>.Count)) >>> 16;
            Vector.Narrow(low, high).Store(target + i);
        }
        for (; i < depth; i++) target[i] = FloatFormats.ToBFloat16(row[i]);
        if (depth % 2 != 0) target[depth] = 0;
    }

    /// <summary>Rounds two neighbours along k, each contiguous in the other direction; the second may be null behind an odd depth.</summary>
    public static void Interleave(float* even, float* odd, int columns, uint* pairs)
    {
        var j = 0;
        for (; j <= columns - Vector<uint>.Count; j += Vector<uint>.Count)
        {
            var high = odd == null ? Vector<uint>.Zero : Rounded(Vector.Load((uint*)odd + j)) & new Vector<uint>(High);
            ((Rounded(Vector.Load((uint*)even + j)) >>> 16) | high).Store(pairs + j);
        }
        for (; j < columns; j++)
            pairs[j] = FloatFormats.ToBFloat16(even[j]) | (odd == null ? 0 : (uint)FloatFormats.ToBFloat16(odd[j]) << 16);
    }

    /// <summary>Replaces each float by the nearest bf16.</summary>
    public static void Round(float* x, int n)
    {
        var bits = (uint*)x;
        var i = 0;
        for (; i <= n - Vector<uint>.Count; i += Vector<uint>.Count) (Rounded(Vector.Load(bits + i)) & new Vector<uint>(High)).Store(bits + i);
        for (; i < n; i++) bits[i] = (uint)FloatFormats.ToBFloat16(x[i]) << 16;
    }

    /// <summary>The high halves of floats that are bf16 numbers already, <paramref name="step"/> places apart.</summary>
    public static void Narrow(float* source, ushort* target, int step, int n)
    {
        for (var i = 0; i < n; i++) target[(long)i * step] = ((ushort*)(source + i))[1];
    }

    /// <summary>Float32 bits with the nearest bf16 in their high half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Rounded(Vector<uint> bits)
    {
        var toEven = bits + new Vector<uint>(0x7fff) + ((bits >>> 16) & Vector<uint>.One);
        var isNan = Vector.GreaterThan((bits & new Vector<uint>(Magnitude)).As<uint, int>(), new Vector<int>((int)Infinity));
        return Vector.ConditionalSelect(isNan.As<int, uint>(), bits | new Vector<uint>(QuietBit), toEven);
    }
}
