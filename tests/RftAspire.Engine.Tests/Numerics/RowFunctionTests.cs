using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

/// <summary>Row functions against their definitions, one element at a time, and nothing written beside the row.</summary>
public sealed unsafe class RowFunctionTests
{
    private const int Room = 96;

    [Fact]
    public void ScaleWeighted_AnyLength_IsTheDefinition() => ForEveryLength((n, x, y) =>
    {
        using var w = FloatRows.Random(3, Room);
        var expected = Enumerable.Range(0, Room).Select(i => i < n ? w.Start[i] * (x[i] * 0.37f) : y[i]).ToArray();
        VectorMath.ScaleWeighted(x, 0.37f, w.Start, y, n);
        Assert.Equal(expected, new ReadOnlySpan<float>(y, Room).ToArray());
    });

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Rotate_AnyLength_TurnsEveryPair(float direction) => ForEveryLength((n, a, b) =>
    {
        using NativeBuffer cos = FloatRows.Random(4, Room), sin = FloatRows.Random(5, Room);
        var first = Enumerable.Range(0, Room).Select(i => i < n ? a[i] * cos.Start[i] - b[i] * (sin.Start[i] * direction) : a[i]).ToArray();
        var second = Enumerable.Range(0, Room).Select(i => i < n ? b[i] * cos.Start[i] + a[i] * (sin.Start[i] * direction) : b[i]).ToArray();
        VectorMath.Rotate(a, b, cos.Start, sin.Start, direction, n);
        Assert.Equal(first, new ReadOnlySpan<float>(a, Room).ToArray());
        Assert.Equal(second, new ReadOnlySpan<float>(b, Room).ToArray());
    });

    [Fact]
    public void DotPositive_AnyLength_LeavesOutWhatHasNoWeight() => ForEveryLength((n, w, x) =>
    {
        for (var i = 0; i < n; i += 3) (w[i], x[i]) = (0, float.NegativeInfinity);
        double expected = 0;
        for (var i = 0; i < n; i++) expected += w[i] > 0 ? w[i] * (double)(x[i] - 0.25f) : 0;
        Assert.Equal(expected, VectorMath.DotPositive(w, x, 0.25f, n), 1e-4);
    });

    [Fact]
    public void Transpose_AnyShape_SwapsRowsAndColumns()
    {
        foreach (var rows in new[] { 1, 3, 4, 5, 16, 31, 32, 33 })
        {
            foreach (var columns in new[] { 1, 15, 16, 17, 32, 70 })
            {
                using NativeBuffer source = FloatRows.Random(rows, rows * 80), target = FloatRows.Random(9, columns * 40);
                var expected = target.Span(0, columns * 40).ToArray();
                for (var r = 0; r < rows; r++)
                    for (var c = 0; c < columns; c++) expected[c * 40 + r] = source.Start[r * 80 + c];
                VectorMath.Transpose(source.Start, 80, rows, columns, target.Start, 40);
                Assert.Equal(expected, target.Span(0, columns * 40).ToArray());
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(33)]
    [InlineData(64)]
    public void Round_AnyLength_RoundsLikeACheckpointAndWidensBack(int n)
    {
        using NativeBuffer x = FloatRows.Random(n, n), stored = new(2 * n);
        var expected = x.Span(0, n).ToArray().Select(value => FloatFormats.FromBFloat16(FloatFormats.ToBFloat16(value))).ToArray();
        BFloat16Pairs.Round(x.Start, n);
        Assert.Equal(expected, x.Span(0, n).ToArray());
        BFloat16Pairs.Narrow(x.Start, (ushort*)stored.Start, 3, n);
        for (var i = 0; i < n; i++) Assert.Equal(expected[i], BitConverter.UInt32BitsToSingle((uint)((ushort*)stored.Start)[3 * i] << 16));
    }

    private delegate void TwoRows(int n, float* x, float* y);

    private static void ForEveryLength(TwoRows check)
    {
        for (var n = 0; n <= 70; n++)
        {
            using NativeBuffer x = FloatRows.Random(n + 1, Room), y = FloatRows.Random(n + 101, Room);
            check(n, x.Start, y.Start);
        }
    }
}
