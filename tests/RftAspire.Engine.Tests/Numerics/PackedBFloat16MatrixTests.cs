using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public sealed unsafe class PackedBFloat16MatrixTests
{
    [Theory]
    [InlineData(1, 70, 33)]
    [InlineData(2, 128, 700)]
    [InlineData(5, 3, 8)]
    [InlineData(7, 96, 1)]
    [InlineData(200, 64, 17)]
    [InlineData(30, 33, 1301)]
    public void Multiply_AnyShareOfThreadsAndOrigin_IsTheSumPairByPair(int rows, int outputs, int inputs)
    {
        using NativeBuffer x = FloatRows.Random(1, rows * inputs), weights = FloatRows.Random(2, outputs * inputs), turnedX = Turned(x, rows, inputs);
        using NativeBuffer turned = Turned(weights, outputs, inputs), y = new(rows * outputs), pairs = Pairs(x, rows, inputs);
        foreach (var accumulate in new[] { false, true })
        {
            var expected = Expected(rows, outputs, inputs, x.Start, weights.Start, accumulate);
            foreach (var threads in new[] { 1, 2, 5 })
            {
                using PackedBFloat16Matrix straight = new(outputs, inputs), crosswise = new(outputs, inputs), left = new(rows, inputs);
                for (var t = 0; t < threads; t++)
                {
                    straight.Pack(weights.Start, t, threads);
                    crosswise.PackTransposed(turned.Start, outputs, t, threads);
                    left.PackTransposed(turnedX.Start, rows, t, threads);
                }
                foreach (var matrix in new[] { straight, crosswise })
                {
                    Fill(y);
                    for (var t = 0; t < threads; t++)
                        matrix.Multiply(matrix.PanelCount * t / threads, matrix.PanelCount * (t + 1) / threads, rows, (uint*)pairs.Start,
                            BFloat16Pairs.RowStride(inputs), y.Start, outputs, accumulate);
                    Assert.Equal(expected, FloatRows.Bits(y.Span(0, rows * outputs)));
                }
                Fill(y);
                for (var t = 0; t < threads; t++) straight.Multiply(left, y.Start, outputs, accumulate, t, threads);
                Assert.Equal(expected, FloatRows.Bits(y.Span(0, rows * outputs)));
            }
        }
    }

    [Fact]
    public void Multiply_LeftOfAnotherDepth_Throws()
    {
        using PackedBFloat16Matrix left = new(2, 4), right = new(2, 6);
        using var y = new NativeBuffer(4);
        Assert.Throws<ArgumentOutOfRangeException>(() => right.Multiply(left, y.Start, 2, accumulate: false, 0, 1));
    }

    [Fact]
    public void Pack_AnyFloats_RoundsLikeACheckpoint()
    {
        uint[] special = [0, 0x80000000, 1, 0x00008000, 0x00018000, 0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0x7f800000, 0xff800000,
            0x7f800001, 0x7fffffff, 0xffffffff, 0xff80ffff, 0x7fc00000];
        for (var depth = 1; depth <= 70; depth++)
        {
            using NativeBuffer even = new(depth), odd = new(depth), rows = new(depth + 2);
            for (var i = 0; i < depth; i++)
            {
                ((uint*)even.Start)[i] = i % 3 == 0 ? special[i / 3 % special.Length] : (uint)i * 2654435761;
                ((uint*)odd.Start)[i] = i % 5 == 0 ? special[i / 5 % special.Length] : (uint)i * 2246822519;
            }
            Fill(rows);
            BFloat16Pairs.Pack(even.Start, depth, (uint*)rows.Start);
            for (var i = 0; i < depth + depth % 2; i++)
                Assert.Equal(i < depth ? FloatFormats.ToBFloat16(even.Start[i]) : 0, ((ushort*)rows.Start)[i]);
            Assert.Equal(1, rows.Start[BFloat16Pairs.Count(depth)]);
            Fill(rows);
            BFloat16Pairs.Interleave(even.Start, odd.Start, depth, (uint*)rows.Start);
            for (var i = 0; i < depth; i++)
                Assert.Equal(FloatFormats.ToBFloat16(even.Start[i]) | (uint)FloatFormats.ToBFloat16(odd.Start[i]) << 16, ((uint*)rows.Start)[i]);
            Assert.Equal(1, rows.Start[depth]);
            BFloat16Pairs.Interleave(even.Start, null, depth, (uint*)rows.Start);
            for (var i = 0; i < depth; i++) Assert.Equal(FloatFormats.ToBFloat16(even.Start[i]), ((uint*)rows.Start)[i]);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(2048)]
    [InlineData(2050)]
    public void RowStride_AnyDepth_HoldsTheRowInAnOddNumberOfCacheLines(int depth)
    {
        var stride = BFloat16Pairs.RowStride(depth);
        Assert.InRange(stride, BFloat16Pairs.Count(depth), BFloat16Pairs.Count(depth) + 31);
        Assert.Equal(1, stride / 16 % 2);
        Assert.Equal(0, stride % 16);
    }

    private static int[] Expected(int rows, int outputs, int inputs, float* x, float* weights, bool accumulate)
    {
        var bits = new int[rows * outputs];
        for (var r = 0; r < rows; r++)
        {
            for (var o = 0; o < outputs; o++)
            {
                var sum = accumulate ? 1f : 0;
                for (var k = 0; k < inputs; k += 2)
                {
                    if (k + 1 < inputs) sum = MathF.FusedMultiplyAdd(Rounded(x[r * inputs + k + 1]), Rounded(weights[o * inputs + k + 1]), sum);
                    sum = MathF.FusedMultiplyAdd(Rounded(x[r * inputs + k]), Rounded(weights[o * inputs + k]), sum);
                }
                bits[r * outputs + o] = BitConverter.SingleToInt32Bits(sum);
            }
        }
        return bits;
    }

    private static float Rounded(float value) => FloatFormats.FromBFloat16(FloatFormats.ToBFloat16(value));

    private static NativeBuffer Pairs(NativeBuffer x, int rows, int inputs)
    {
        var stride = BFloat16Pairs.RowStride(inputs);
        var pairs = new NativeBuffer(rows * stride);
        for (var r = 0; r < rows; r++) BFloat16Pairs.Pack(x.Start + r * inputs, inputs, (uint*)pairs.Start + r * stride);
        return pairs;
    }

    private static NativeBuffer Turned(NativeBuffer matrix, int rows, int columns)
    {
        var turned = new NativeBuffer(rows * columns);
        for (var r = 0; r < rows; r++)
            for (var c = 0; c < columns; c++) turned.Start[c * rows + r] = matrix.Start[r * columns + c];
        return turned;
    }

    private static void Fill(NativeBuffer buffer) => buffer.Span(0, (int)buffer.Length).Fill(1);
}
