using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// Matrix products with one rule: lanes run over outputs and each output sums over k in ascending order with fused
/// multiply-adds. Results are therefore the same bits for any number of rows, any split over threads and any vector width.
/// </summary>
internal static unsafe class MatrixKernel
{
    /// <summary>Columns of one strip; buffers carry slack so that a strip may be read past a row's end.</summary>
    public const int StripColumns = 32;
    private const int RowBlock = 96;

    /// <summary>
    /// C[m, n] (+)= A[m, k] B[k, n] with element (i, j) of A at <c>a[i * aRow + j * aK]</c> and rows of B and C contiguous.
    /// </summary>
    public static void Multiply(int m, int n, int k, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        for (var row = 0; row < m; row += RowBlock)
        {
            var rows = Math.Min(RowBlock, m - row);
            for (var column = 0; column < n; column += StripColumns)
            {
                Strip<SingleRight>(rows, Math.Min(StripColumns, n - column), k, a + row * aRow, aRow, aK, b + column, bK, c + row * cRow + column, cRow, accumulate);
            }
        }
    }

    /// <summary>One strip of at most 32 columns.</summary>
    public static void Strip(int rows, int columns, int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate) =>
        Strip<SingleRight>(rows, columns, depth, a, aRow, aK, b, bK, c, cRow, accumulate);

    /// <summary>One strip with B in bf16: its rows are <paramref name="bK"/> numbers apart, an even distance.</summary>
    public static void Strip(int rows, int columns, int depth, float* a, long aRow, long aK, ushort* b, long bK, float* c, long cRow, bool accumulate) =>
        Strip<HalfRight>(rows, columns, depth, a, aRow, aK, (float*)b, bK / 2, c, cRow, accumulate);

    [SkipLocalsInit]
    private static void Strip<TRight>(int rows, int columns, int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
        where TRight : struct, IRightSide
    {
        if (columns == StripColumns)
        {
            WholeStrip<TRight>(rows, depth, a, aRow, aK, b, bK, c, cRow, accumulate);
            return;
        }
        var partial = stackalloc float[12 * StripColumns];
        for (var r = 0; r < rows; r += 12)
        {
            var height = Math.Min(12, rows - r);
            if (accumulate) Copy(c + r * cRow, cRow, partial, StripColumns, height, columns);
            WholeStrip<TRight>(height, depth, a + r * aRow, aRow, aK, b, bK, partial, StripColumns, accumulate);
            Copy(partial, StripColumns, c + r * cRow, cRow, height, columns);
        }
    }

    private static void WholeStrip<TRight>(int rows, int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
        where TRight : struct, IRightSide
    {
        if (Vector512.IsHardwareAccelerated)
        {
            MatrixTile<Simd512, Vector512<float>, TRight>.Rows(rows, 12, depth, a, aRow, aK, b, bK, c, cRow, accumulate);
            return;
        }
        // Narrower registers take a strip in parts; a bf16 number is half a float's place.
        var places = typeof(TRight) == typeof(HalfRight) ? 2 : 1;
        var width = Vector256.IsHardwareAccelerated ? 16 : 8;
        for (var j = 0; j < StripColumns; j += width)
        {
            if (Vector256.IsHardwareAccelerated)
                MatrixTile<Simd256, Vector256<float>, TRight>.Rows(rows, 4, depth, a, aRow, aK, b + j / places, bK, c + j, cRow, accumulate);
            else
                MatrixTile<Simd128, Vector128<float>, TRight>.Rows(rows, 4, depth, a, aRow, aK, b + j / places, bK, c + j, cRow, accumulate);
        }
    }

    private static void Copy(float* source, long sourceRow, float* target, long targetRow, int rows, int columns)
    {
        for (var r = 0; r < rows; r++)
            new ReadOnlySpan<float>(source + r * sourceRow, columns).CopyTo(new Span<float>(target + r * targetRow, columns));
    }
}
