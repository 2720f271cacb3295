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
                Strip(rows, Math.Min(StripColumns, n - column), k, a + row * aRow, aRow, aK, b + column, bK, c + row * cRow + column, cRow, accumulate);
            }
        }
    }

    /// <summary>One strip of at most 32 columns.</summary>
    [SkipLocalsInit]
    public static void Strip(int rows, int columns, int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        if (columns == StripColumns)
        {
            WholeStrip(rows, depth, a, aRow, aK, b, bK, c, cRow, accumulate);
            return;
        }
        var partial = stackalloc float[12 * StripColumns];
        for (var r = 0; r < rows; r += 12)
        {
            var height = Math.Min(12, rows - r);
            if (accumulate) Copy(c + r * cRow, cRow, partial, StripColumns, height, columns);
            WholeStrip(height, depth, a + r * aRow, aRow, aK, b, bK, partial, StripColumns, accumulate);
            Copy(partial, StripColumns, c + r * cRow, cRow, height, columns);
        }
    }

    private static void WholeStrip(int rows, int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            MatrixTile<Simd512, Vector512<float>>.Rows(rows, 12, depth, a, aRow, aK, b, bK, c, cRow, accumulate);
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (var j = 0; j < StripColumns; j += 16)
                MatrixTile<Simd256, Vector256<float>>.Rows(rows, 4, depth, a, aRow, aK, b + j, bK, c + j, cRow, accumulate);
        }
        else
        {
            for (var j = 0; j < StripColumns; j += 8)
                MatrixTile<Simd128, Vector128<float>>.Rows(rows, 4, depth, a, aRow, aK, b + j, bK, c + j, cRow, accumulate);
        }
    }

    private static void Copy(float* source, long sourceRow, float* target, long targetRow, int rows, int columns)
    {
        for (var r = 0; r < rows; r++)
            new ReadOnlySpan<float>(source + r * sourceRow, columns).CopyTo(new Span<float>(target + r * targetRow, columns));
    }
}
