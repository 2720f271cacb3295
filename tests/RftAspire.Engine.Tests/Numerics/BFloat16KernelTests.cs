using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public sealed unsafe class BFloat16KernelTests
{
    private const float Untouched = 12345;
    private const int Columns = BFloat16Kernel.PanelColumns;
    private static readonly int[] s_rows = [.. Enumerable.Range(1, 16), 29, 33];
    private static readonly (int Columns, int Pairs)[] s_shapes = [(32, 1), (32, 7), (32, 70), (31, 33), (17, 2), (1, 5)];

    public static TheoryData<BFloat16Range, bool> Ranges => new()
    {
        { BFloat16Range.Ordinary, false },
        { BFloat16Range.Ordinary, true },
        { BFloat16Range.AroundTheSmallestNormal, false },
        { BFloat16Range.AroundTheSmallestNormal, true },
        { BFloat16Range.AnyBits, false },
        { BFloat16Range.AnyBits, true },
    };

    [Theory, MemberData(nameof(Ranges))]
    public void Strip_EveryHeight_IsTheSumPairByPair(BFloat16Range range, bool accumulate) =>
        CheckStrips(BFloat16Kernel.Strip, range, accumulate);

    [Theory, MemberData(nameof(Ranges))]
    public void FallbackStrip_EveryHeight_IsTheSumPairByPair(BFloat16Range range, bool accumulate) =>
        CheckStrips(BFloat16Fallback.Strip, range, accumulate);

    /// <summary>Products and starting values that are normal themselves and cancel all but a subnormal rest.</summary>
    [Theory]
    [InlineData(0x2081_2080, 0x2081_a080, 0f)]
    [InlineData(0x2381_0000, 0xa381_2381, 1.95614038e-34f)]
    public void Strips_RestBelowTheSmallestNormal_IsZero(uint a, uint b, float start)
    {
        using NativeBuffer panel = new(Columns), one = FloatRows.Of(start), two = FloatRows.Of(start);
        *(uint*)panel.Start = b;
        BFloat16Kernel.Strip(1, 1, 1, &a, 1, 1, (uint*)panel.Start, one.Start, 1, accumulate: true);
        BFloat16Fallback.Strip(1, 1, 1, &a, 1, 1, (uint*)panel.Start, two.Start, 1, accumulate: true);
        Assert.Equal((0f, 0f), (one.Start[0], two.Start[0]));
        Assert.True(float.IsSubnormal((float)BFloat16Values.ExactSum(1, &a, 1, &b, start)));
    }

    [Fact]
    public void Strip_OrdinaryNumbers_IsWithinRoundingOfTheExactSum()
    {
        const int pairs = 70;
        using var a = BFloat16Values.Pairs(3, pairs, BFloat16Range.Ordinary);
        using var b = BFloat16Values.Pairs(4, pairs * Columns, BFloat16Range.Ordinary);
        using var c = new NativeBuffer(Columns);
        BFloat16Kernel.Strip(1, Columns, pairs, (uint*)a.Start, pairs, 1, (uint*)b.Start, c.Start, Columns, accumulate: false);
        // No product exceeds 4, so no sum on the way exceeds 8 times the pairs.
        for (var j = 0; j < Columns; j++)
            Assert.Equal(BFloat16Values.ExactSum(pairs, (uint*)a.Start, 1, (uint*)b.Start + j, 0), c.Start[j], 2 * pairs * 8 * pairs * Math.Pow(2, -24));
    }

    private delegate void StripFunction(
        int rows, int columns, int pairs, uint* a, long aRow, long aPair, uint* b, float* c, long cRow, bool accumulate);

    private static void CheckStrips(StripFunction strip, BFloat16Range range, bool accumulate)
    {
        foreach (var rows in s_rows)
        {
            foreach (var (columns, pairs) in s_shapes)
            {
                CheckStrip(strip, rows, columns, pairs, aRow: pairs + 3, aPair: 1, range, accumulate);
                CheckStrip(strip, rows, columns, pairs, aRow: 1, aPair: rows + 2, range, accumulate);
            }
        }
    }

    private static void CheckStrip(
        StripFunction strip, int rows, int columns, int pairs, long aRow, long aPair, BFloat16Range range, bool accumulate)
    {
        var cRow = columns + 3;
        using var a = BFloat16Values.Pairs(rows, (int)(rows * aRow + pairs * aPair), range);
        using var b = BFloat16Values.Pairs(pairs, pairs * Columns, range);
        using var c = Target(rows, columns, cRow, range);
        strip(rows, columns, pairs, (uint*)a.Start, aRow, aPair, (uint*)b.Start, c.Start + cRow, cRow, accumulate);
        for (var i = -1; i <= rows; i++)
        {
            for (var j = 0; j < cRow; j++)
            {
                var expected = i < 0 || i == rows || j >= columns
                    ? Untouched
                    : BFloat16Values.Sum(pairs, (uint*)a.Start + i * aRow, aPair, (uint*)b.Start + j, accumulate ? BFloat16Values.Start(i, j, range) : 0);
                var actual = c.Start[(i + 1) * cRow + j];
                if (BFloat16Values.Bits(expected) != BFloat16Values.Bits(actual))
                    Assert.Fail($"row {i} of {rows}, column {j} of {columns}, {pairs} pairs, strides {aRow} and {aPair}: {expected:R} became {actual:R}");
            }
        }
    }

    /// <summary>Rows of starting values between a row before and a row behind that nobody may write.</summary>
    private static NativeBuffer Target(int rows, int columns, int cRow, BFloat16Range range)
    {
        var c = new NativeBuffer((rows + 2) * cRow);
        c.Span(0, (int)c.Length).Fill(Untouched);
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++) c.Start[(i + 1) * cRow + j] = BFloat16Values.Start(i, j, range);
        return c;
    }
}
