using System.Numerics;
using System.Runtime.CompilerServices;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// The sums of <see cref="BFloat16Kernel"/> for processors without the instruction, to the same bits: blocks are widened to float32
/// with the odd element of each pair first, and go through the float32 kernel wherever no sum can become subnormal.
/// </summary>
internal static unsafe class BFloat16Fallback
{
    private const int BlockPairs = 64, BlockDepth = 2 * BlockPairs, BlockRows = 12, Columns = BFloat16Kernel.PanelColumns;
    private const int ExponentShift = 23;
    private const uint High = 0xffff0000, Sign = 0x80000000, SmallestNormal = 1 << ExponentShift;

    /// <summary>As <see cref="BFloat16Kernel.Strip"/>.</summary>
    [SkipLocalsInit]
    public static void Strip(
        int rows, int columns, int pairs, uint* a, long aRow, long aPair, uint* b, float* c, long cRow, bool accumulate)
    {
        var wideA = stackalloc float[BlockRows * BlockDepth];
        var wideB = stackalloc float[BlockDepth * Columns];
        for (var pair = 0; pair < pairs; pair += BlockPairs, accumulate = true)
        {
            var count = Math.Min(BlockPairs, pairs - pair);
            var smallestB = WidenB(b + (long)pair * Columns, count, wideB);
            for (var r = 0; r < rows; r += BlockRows)
            {
                var height = Math.Min(BlockRows, rows - r);
                var smallestA = WidenA(height, count, a + r * aRow + pair * aPair, aRow, aPair, wideA);
                var target = c + r * cRow;
                if (NoSubnormalSum(smallestA, smallestB) && (!accumulate || NoSubnormalStart(height, columns, target, cRow)))
                    MatrixKernel.Strip(height, columns, 2 * count, wideA, BlockDepth, 1, wideB, Columns, target, cRow, accumulate);
                else
                    Flushing(height, columns, 2 * count, wideA, wideB, target, cRow, accumulate);
            }
        }
    }

    /// <summary>
    /// bf16 numbers of at least 2^x and 2^y are multiples of 2^(x - 7) and 2^(y - 7), so all sums of their products are multiples
    /// of 2^(x + y - 14), before rounding and after. If that is no less than the smallest normal, 2^-126, no sum is subnormal.
    /// </summary>
    private static bool NoSubnormalSum(uint smallestA, uint smallestB) =>
        (smallestA >> ExponentShift) + (smallestB >> ExponentShift) >= 2 * 127 + 14 - 126;

    /// <summary>Whether C starts from multiples of 2^-126 as well: a float of at least 2^x is one of 2^(x - 23).</summary>
    private static bool NoSubnormalStart(int rows, int columns, float* c, long cRow)
    {
        var smallest = uint.MaxValue;
        for (var r = 0; r < rows; r++)
            for (var j = 0; j < columns; j++) smallest = Math.Min(smallest, (((uint*)c)[r * cRow + j] & ~Sign) - 1);
        return smallest >> ExponentShift >= 127 + 23 - 126;
    }

    /// <summary>Widens pairs to rows of 32 floats, two rows a pair; returns a bound on the magnitudes as <see cref="Smallest"/>.</summary>
    private static uint WidenB(uint* source, int pairs, float* target)
    {
        var smallest = new Vector<uint>(uint.MaxValue);
        for (var p = 0; p < pairs; p++, source += Columns, target += 2 * Columns)
        {
            for (var j = 0; j < Columns; j += Vector<uint>.Count)
            {
                var pair = Vector.Load(source + j);
                Keep(pair & new Vector<uint>(High), target + j, ref smallest);
                Keep(pair << 16, target + Columns + j, ref smallest);
            }
        }
        return Smallest(smallest);
    }

    /// <summary>Widens rows of pairs to rows of floats; returns a bound on the magnitudes as <see cref="Smallest"/>.</summary>
    private static uint WidenA(int rows, int pairs, uint* source, long row, long pair, float* target)
    {
        var smallest = new Vector<uint>(uint.MaxValue);
        var line = stackalloc uint[BlockPairs];
        for (var r = 0; r < rows; r++, source += row, target += BlockDepth)
        {
            for (var p = 0; p < pairs; p++) line[p] = source[p * pair];
            for (var p = 0; p < pairs; p += Vector<uint>.Count)
            {
                Vector.Widen(Vector.Load(line + p), out var low, out var high);
                Keep(OddThenEven(low), target + 2 * p, ref smallest);
                Keep(OddThenEven(high), target + 2 * p + Vector<uint>.Count, ref smallest);
            }
        }
        return Smallest(smallest);
    }

    private static Vector<uint> OddThenEven(Vector<ulong> pair) => ((pair & new Vector<ulong>(High)) | (pair << 48)).As<ulong, uint>();

    /// <summary>Stores widened numbers, subnormal ones as zero, and follows the least magnitude; zero less one counts as the greatest.</summary>
    private static void Keep(Vector<uint> bits, float* target, ref Vector<uint> smallest)
    {
        var magnitude = bits & new Vector<uint>(~Sign);
        var normal = Vector.GreaterThanOrEqual(magnitude.As<uint, int>(), new Vector<int>((int)SmallestNormal)).As<int, uint>();
        (bits & (normal | new Vector<uint>(Sign))).Store((uint*)target);
        smallest = Vector.Min(smallest, (magnitude & normal) - Vector<uint>.One);
    }

    /// <summary>The bits of the smallest magnitude but zero, less one.</summary>
    private static uint Smallest(Vector<uint> lanes)
    {
        var smallest = uint.MaxValue;
        for (var i = 0; i < Vector<uint>.Count; i++) smallest = Math.Min(smallest, lanes[i]);
        return smallest;
    }

    /// <summary>A block step by step, each sum that comes out subnormal replaced by zero.</summary>
    [SkipLocalsInit]
    private static void Flushing(int rows, int columns, int depth, float* a, float* b, float* c, long cRow, bool accumulate)
    {
        var sums = stackalloc float[BlockRows * Columns];
        new Span<float>(sums, BlockRows * Columns).Clear();
        for (var r = 0; accumulate && r < rows; r++)
        {
            for (var j = 0; j < columns; j++)
            {
                var start = c[r * cRow + j];
                sums[r * Columns + j] = float.IsSubnormal(start) ? MathF.CopySign(0, start) : start;
            }
        }
        for (var k = 0; k < depth; k++, b += Columns)
        {
            for (var r = 0; r < rows; r++)
            {
                var left = new Vector<float>(a[r * BlockDepth + k]);
                for (var sum = sums + r * Columns; sum < sums + (r + 1) * Columns; sum += Vector<float>.Count)
                    FlushingMultiplyAdd(left, Vector.Load(b + (sum - sums - r * Columns)), Vector.Load(sum)).Store(sum);
            }
        }
        for (var r = 0; r < rows; r++) new ReadOnlySpan<float>(sums + r * Columns, columns).CopyTo(new Span<float>(c + r * cRow, columns));
    }

    /// <summary>
    /// The processor asks whether the sum is subnormal after rounding to 24 bits, as if exponents went on below. Computed 2^64 times
    /// larger the sum is rounded just so; where that overflows, the sum is no small one.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<float> FlushingMultiplyAdd(Vector<float> left, Vector<float> right, Vector<float> addend)
    {
        var scale = new Vector<float>(18446744073709551616f);
        var sum = Vector.FusedMultiplyAdd(left, right, addend);
        var scaled = Vector.Abs(Vector.FusedMultiplyAdd(left * scale, right, addend * scale));
        var subnormal = Vector.LessThan(scaled, new Vector<float>(2.16840434497e-19f));
        return Vector.ConditionalSelect(subnormal, sum & new Vector<float>(-0f), sum);
    }
}
