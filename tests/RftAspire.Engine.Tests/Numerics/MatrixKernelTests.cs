using System.Runtime.Intrinsics;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public sealed unsafe class MatrixKernelTests
{
    private const float Untouched = 12345;
    private static readonly int[] s_columns = [1, 5, 16, 31, 32, 33, 47, 64, 70, 97];
    private static readonly int[] s_depths = [1, 3, 17, 40];

    public static TheoryData<bool, bool> Layouts => new() { { false, false }, { false, true }, { true, false }, { true, true } };

    [Theory, MemberData(nameof(Layouts))]
    public void Multiply_EveryShape_IsTheSumOverKInAscendingOrder(bool transposed, bool accumulate)
    {
        for (var m = 1; m <= 27; m++)
        {
            foreach (var n in s_columns)
                foreach (var k in s_depths) CheckProduct(m, n, k, transposed, accumulate);
        }
    }

    [Fact]
    public void Multiply_MoreRowsThanABlock_IsTheSumOverKInAscendingOrder() => CheckProduct(200, 45, 9, transposed: false, accumulate: true);

    [Fact]
    public void Rows_EveryVectorWidthAndTileHeight_SameBits()
    {
        for (var rows = 1; rows <= 27; rows++)
        {
            foreach (var accumulate in new[] { false, true })
            {
                var expected = Tile<Simd512, Vector512<float>>(rows, tallest: 12, accumulate);
                Assert.Equal(expected, Tile<Simd512, Vector512<float>>(rows, tallest: 4, accumulate));
                Assert.Equal(expected, Tile<Simd256, Vector256<float>>(rows, tallest: 4, accumulate));
                Assert.Equal(expected, Tile<Simd128, Vector128<float>>(rows, tallest: 4, accumulate));
                Assert.Equal(expected, Tile<Simd128, Vector128<float>>(rows, tallest: 12, accumulate));
            }
        }
    }

    [Theory]
    [InlineData(1, 70, 33)]
    [InlineData(130, 64, 17)]
    [InlineData(5, 3, 8)]
    public void PackedMultiply_AnyShareOfThreads_EqualsTheKernel(int rows, int outputs, int inputs)
    {
        using NativeBuffer x = FloatRows.Random(1, rows * inputs), weights = FloatRows.Random(2, outputs * inputs);
        using NativeBuffer y = new(rows * outputs), plain = new(rows * outputs), turned = new(inputs * outputs);
        for (var o = 0; o < outputs; o++)
            for (var i = 0; i < inputs; i++) turned.Start[i * outputs + o] = weights.Start[o * inputs + i];
        MatrixKernel.Multiply(rows, outputs, inputs, x.Start, inputs, 1, turned.Start, outputs, plain.Start, outputs, accumulate: false);
        foreach (var threads in new[] { 1, 2, 5 })
        {
            using var matrix = new PackedMatrix(outputs, inputs);
            for (var t = 0; t < threads; t++) matrix.Pack(weights.Start, t, threads);
            y.Clear();
            for (var t = 0; t < threads; t++) matrix.Multiply(matrix.PanelCount * t / threads, matrix.PanelCount * (t + 1) / threads, rows, x.Start, y.Start, outputs, accumulate: false);
            Assert.Equal(FloatRows.Bits(plain.Span(0, rows * outputs)), FloatRows.Bits(y.Span(0, rows * outputs)));
        }
    }

    private static void CheckProduct(int m, int n, int k, bool transposed, bool accumulate)
    {
        // Strides are longer than the rows they step over, and C's gaps must stay as they were.
        long aRow = transposed ? 1 : k + 3, aK = transposed ? m + 2 : 1, bK = n + 5, cRow = n + 4;
        using NativeBuffer a = FloatRows.Random(m, (m + 3) * (k + 3)), b = FloatRows.Random(n, k * (int)bK), c = new((m + 1) * cRow);
        c.Span(0, (int)c.Length).Fill(Untouched);
        for (var i = 0; i < m; i++)
            for (var j = 0; j < n; j++) c.Start[i * cRow + j] = i - 0.5f * j;
        MatrixKernel.Multiply(m, n, k, a.Start, aRow, aK, b.Start, bK, c.Start, cRow, accumulate);
        for (var i = 0; i <= m; i++)
        {
            for (var j = 0; j < cRow; j++)
            {
                if (i == m || j >= n) Assert.Equal(Untouched, c.Start[i * cRow + j]);
                else CheckElement(c.Start[i * cRow + j], k, a.Start + i * aRow, aK, b.Start + j, bK, accumulate ? i - 0.5f * j : 0);
            }
        }
    }

    private static void CheckElement(float actual, int k, float* a, long aK, float* b, long bK, float start)
    {
        var (inOrder, exact, size) = (start, (double)start, Math.Abs((double)start));
        for (var p = 0; p < k; p++)
        {
            var product = (double)a[p * aK] * b[p * bK];
            inOrder = MathF.FusedMultiplyAdd(a[p * aK], b[p * bK], inOrder);
            exact += product;
            size += Math.Abs(product);
        }
        Assert.Equal(inOrder, actual);
        Assert.Equal(exact, actual, k * size * Math.Pow(2, -24));
    }

    private static int[] Tile<TSimd, V>(int rows, int tallest, bool accumulate)
        where TSimd : struct, ISimd<V>
        where V : struct
    {
        const int depth = 37, columns = MatrixKernel.StripColumns;
        using NativeBuffer a = FloatRows.Random(3, rows * depth), b = FloatRows.Random(4, depth * columns), c = FloatRows.Random(5, rows * columns);
        for (var j = 0; j < columns; j += 2 * TSimd.Lanes)
            MatrixTile<TSimd, V, SingleRight>.Rows(rows, tallest, depth, a.Start, depth, 1, b.Start + j, columns, c.Start + j, columns, accumulate);
        return FloatRows.Bits(c.Span(0, rows * columns));
    }
}
