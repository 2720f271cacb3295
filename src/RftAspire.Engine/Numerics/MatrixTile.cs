using System.Runtime.CompilerServices;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// The register tiles of <see cref="MatrixKernel"/>: C[r, 0..2w) (+)= sum over k of A[r, k] * B[k, 0..2w), one fused multiply-add
/// per k in ascending order whatever the tile height, so a row's bits do not depend on its neighbours.
/// </summary>
internal static unsafe class MatrixTile<TSimd, V, TRight>
    where TSimd : struct, ISimd<V>
    where V : struct
    where TRight : struct, IRightSide
{
    /// <summary>Rows of B that are asked for ahead of their use; weights of large models come from memory.</summary>
    private const int Ahead = 32;

    /// <summary>Computes rows in tiles of at most <paramref name="tallest"/> (12 needs 32 vector registers).</summary>
    public static void Rows(int rows, int tallest, int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var r = 0;
        while (rows - r > 0)
        {
            var height = Height(rows - r, tallest);
            float* ar = a + r * aRow, cr = c + r * cRow;
            switch (height)
            {
                case 12: Tile12(depth, ar, aRow, aK, b, bK, cr, cRow, accumulate); break;
                case 8: Tile8(depth, ar, aRow, aK, b, bK, cr, cRow, accumulate); break;
                case 4: Tile4(depth, ar, aRow, aK, b, bK, cr, cRow, accumulate); break;
                case 3: Tile3(depth, ar, aRow, aK, b, bK, cr, cRow, accumulate); break;
                case 2: Tile2(depth, ar, aRow, aK, b, bK, cr, cRow, accumulate); break;
                case 1: Tile1(depth, ar, aRow, aK, b, bK, cr, cRow, accumulate); break;
            }
            r += height;
        }
    }

    /// <summary>The next tile's height: 16 rows are 8 and 8 rather than 12 and 4, which would use the multipliers less.</summary>
    private static int Height(int rows, int tallest) =>
        rows >= 12 && rows != 16 && tallest >= 12 ? 12 : rows >= 8 && tallest >= 8 ? 8 : rows >= 4 ? 4 : rows;

    /// <summary>12 rows by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile12(int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var w = TSimd.Lanes;
        V l0 = default, h0 = default;
        V l1 = default, h1 = default;
        V l2 = default, h2 = default;
        V l3 = default, h3 = default;
        V l4 = default, h4 = default;
        V l5 = default, h5 = default;
        V l6 = default, h6 = default;
        V l7 = default, h7 = default;
        V l8 = default, h8 = default;
        V l9 = default, h9 = default;
        V l10 = default, h10 = default;
        V l11 = default, h11 = default;
        if (accumulate)
        {
            l0 = TSimd.Load(c); h0 = TSimd.Load(c + w);
            l1 = TSimd.Load(c + cRow); h1 = TSimd.Load(c + cRow + w);
            l2 = TSimd.Load(c + 2 * cRow); h2 = TSimd.Load(c + 2 * cRow + w);
            l3 = TSimd.Load(c + 3 * cRow); h3 = TSimd.Load(c + 3 * cRow + w);
            l4 = TSimd.Load(c + 4 * cRow); h4 = TSimd.Load(c + 4 * cRow + w);
            l5 = TSimd.Load(c + 5 * cRow); h5 = TSimd.Load(c + 5 * cRow + w);
            l6 = TSimd.Load(c + 6 * cRow); h6 = TSimd.Load(c + 6 * cRow + w);
            l7 = TSimd.Load(c + 7 * cRow); h7 = TSimd.Load(c + 7 * cRow + w);
            l8 = TSimd.Load(c + 8 * cRow); h8 = TSimd.Load(c + 8 * cRow + w);
            l9 = TSimd.Load(c + 9 * cRow); h9 = TSimd.Load(c + 9 * cRow + w);
            l10 = TSimd.Load(c + 10 * cRow); h10 = TSimd.Load(c + 10 * cRow + w);
            l11 = TSimd.Load(c + 11 * cRow); h11 = TSimd.Load(c + 11 * cRow + w);
        }
        for (var k = 0; k < depth; k++, a += aK, b += bK)
        {
            V low = TRight.Load<TSimd, V>(b, 0), high = TRight.Load<TSimd, V>(b, 1);
            TSimd.Prefetch(b + Ahead * bK);
            var x = TSimd.Broadcast(a[0]); l0 = TSimd.MultiplyAdd(x, low, l0); h0 = TSimd.MultiplyAdd(x, high, h0);
            x = TSimd.Broadcast(a[aRow]); l1 = TSimd.MultiplyAdd(x, low, l1); h1 = TSimd.MultiplyAdd(x, high, h1);
            x = TSimd.Broadcast(a[2 * aRow]); l2 = TSimd.MultiplyAdd(x, low, l2); h2 = TSimd.MultiplyAdd(x, high, h2);
            x = TSimd.Broadcast(a[3 * aRow]); l3 = TSimd.MultiplyAdd(x, low, l3); h3 = TSimd.MultiplyAdd(x, high, h3);
            x = TSimd.Broadcast(a[4 * aRow]); l4 = TSimd.MultiplyAdd(x, low, l4); h4 = TSimd.MultiplyAdd(x, high, h4);
            x = TSimd.Broadcast(a[5 * aRow]); l5 = TSimd.MultiplyAdd(x, low, l5); h5 = TSimd.MultiplyAdd(x, high, h5);
            x = TSimd.Broadcast(a[6 * aRow]); l6 = TSimd.MultiplyAdd(x, low, l6); h6 = TSimd.MultiplyAdd(x, high, h6);
            x = TSimd.Broadcast(a[7 * aRow]); l7 = TSimd.MultiplyAdd(x, low, l7); h7 = TSimd.MultiplyAdd(x, high, h7);
            x = TSimd.Broadcast(a[8 * aRow]); l8 = TSimd.MultiplyAdd(x, low, l8); h8 = TSimd.MultiplyAdd(x, high, h8);
            x = TSimd.Broadcast(a[9 * aRow]); l9 = TSimd.MultiplyAdd(x, low, l9); h9 = TSimd.MultiplyAdd(x, high, h9);
            x = TSimd.Broadcast(a[10 * aRow]); l10 = TSimd.MultiplyAdd(x, low, l10); h10 = TSimd.MultiplyAdd(x, high, h10);
            x = TSimd.Broadcast(a[11 * aRow]); l11 = TSimd.MultiplyAdd(x, low, l11); h11 = TSimd.MultiplyAdd(x, high, h11);
        }
        TSimd.Store(l0, c); TSimd.Store(h0, c + w);
        TSimd.Store(l1, c + cRow); TSimd.Store(h1, c + cRow + w);
        TSimd.Store(l2, c + 2 * cRow); TSimd.Store(h2, c + 2 * cRow + w);
        TSimd.Store(l3, c + 3 * cRow); TSimd.Store(h3, c + 3 * cRow + w);
        TSimd.Store(l4, c + 4 * cRow); TSimd.Store(h4, c + 4 * cRow + w);
        TSimd.Store(l5, c + 5 * cRow); TSimd.Store(h5, c + 5 * cRow + w);
        TSimd.Store(l6, c + 6 * cRow); TSimd.Store(h6, c + 6 * cRow + w);
        TSimd.Store(l7, c + 7 * cRow); TSimd.Store(h7, c + 7 * cRow + w);
        TSimd.Store(l8, c + 8 * cRow); TSimd.Store(h8, c + 8 * cRow + w);
        TSimd.Store(l9, c + 9 * cRow); TSimd.Store(h9, c + 9 * cRow + w);
        TSimd.Store(l10, c + 10 * cRow); TSimd.Store(h10, c + 10 * cRow + w);
        TSimd.Store(l11, c + 11 * cRow); TSimd.Store(h11, c + 11 * cRow + w);
    }

    /// <summary>8 rows by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile8(int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var w = TSimd.Lanes;
        V l0 = default, h0 = default;
        V l1 = default, h1 = default;
        V l2 = default, h2 = default;
        V l3 = default, h3 = default;
        V l4 = default, h4 = default;
        V l5 = default, h5 = default;
        V l6 = default, h6 = default;
        V l7 = default, h7 = default;
        if (accumulate)
        {
            l0 = TSimd.Load(c); h0 = TSimd.Load(c + w);
            l1 = TSimd.Load(c + cRow); h1 = TSimd.Load(c + cRow + w);
            l2 = TSimd.Load(c + 2 * cRow); h2 = TSimd.Load(c + 2 * cRow + w);
            l3 = TSimd.Load(c + 3 * cRow); h3 = TSimd.Load(c + 3 * cRow + w);
            l4 = TSimd.Load(c + 4 * cRow); h4 = TSimd.Load(c + 4 * cRow + w);
            l5 = TSimd.Load(c + 5 * cRow); h5 = TSimd.Load(c + 5 * cRow + w);
            l6 = TSimd.Load(c + 6 * cRow); h6 = TSimd.Load(c + 6 * cRow + w);
            l7 = TSimd.Load(c + 7 * cRow); h7 = TSimd.Load(c + 7 * cRow + w);
        }
        for (var k = 0; k < depth; k++, a += aK, b += bK)
        {
            V low = TRight.Load<TSimd, V>(b, 0), high = TRight.Load<TSimd, V>(b, 1);
            TSimd.Prefetch(b + Ahead * bK);
            var x = TSimd.Broadcast(a[0]); l0 = TSimd.MultiplyAdd(x, low, l0); h0 = TSimd.MultiplyAdd(x, high, h0);
            x = TSimd.Broadcast(a[aRow]); l1 = TSimd.MultiplyAdd(x, low, l1); h1 = TSimd.MultiplyAdd(x, high, h1);
            x = TSimd.Broadcast(a[2 * aRow]); l2 = TSimd.MultiplyAdd(x, low, l2); h2 = TSimd.MultiplyAdd(x, high, h2);
            x = TSimd.Broadcast(a[3 * aRow]); l3 = TSimd.MultiplyAdd(x, low, l3); h3 = TSimd.MultiplyAdd(x, high, h3);
            x = TSimd.Broadcast(a[4 * aRow]); l4 = TSimd.MultiplyAdd(x, low, l4); h4 = TSimd.MultiplyAdd(x, high, h4);
            x = TSimd.Broadcast(a[5 * aRow]); l5 = TSimd.MultiplyAdd(x, low, l5); h5 = TSimd.MultiplyAdd(x, high, h5);
            x = TSimd.Broadcast(a[6 * aRow]); l6 = TSimd.MultiplyAdd(x, low, l6); h6 = TSimd.MultiplyAdd(x, high, h6);
            x = TSimd.Broadcast(a[7 * aRow]); l7 = TSimd.MultiplyAdd(x, low, l7); h7 = TSimd.MultiplyAdd(x, high, h7);
        }
        TSimd.Store(l0, c); TSimd.Store(h0, c + w);
        TSimd.Store(l1, c + cRow); TSimd.Store(h1, c + cRow + w);
        TSimd.Store(l2, c + 2 * cRow); TSimd.Store(h2, c + 2 * cRow + w);
        TSimd.Store(l3, c + 3 * cRow); TSimd.Store(h3, c + 3 * cRow + w);
        TSimd.Store(l4, c + 4 * cRow); TSimd.Store(h4, c + 4 * cRow + w);
        TSimd.Store(l5, c + 5 * cRow); TSimd.Store(h5, c + 5 * cRow + w);
        TSimd.Store(l6, c + 6 * cRow); TSimd.Store(h6, c + 6 * cRow + w);
        TSimd.Store(l7, c + 7 * cRow); TSimd.Store(h7, c + 7 * cRow + w);
    }

    /// <summary>4 rows by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile4(int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var w = TSimd.Lanes;
        V l0 = default, h0 = default;
        V l1 = default, h1 = default;
        V l2 = default, h2 = default;
        V l3 = default, h3 = default;
        if (accumulate)
        {
            l0 = TSimd.Load(c); h0 = TSimd.Load(c + w);
            l1 = TSimd.Load(c + cRow); h1 = TSimd.Load(c + cRow + w);
            l2 = TSimd.Load(c + 2 * cRow); h2 = TSimd.Load(c + 2 * cRow + w);
            l3 = TSimd.Load(c + 3 * cRow); h3 = TSimd.Load(c + 3 * cRow + w);
        }
        for (var k = 0; k < depth; k++, a += aK, b += bK)
        {
            V low = TRight.Load<TSimd, V>(b, 0), high = TRight.Load<TSimd, V>(b, 1);
            TSimd.Prefetch(b + Ahead * bK);
            var x = TSimd.Broadcast(a[0]); l0 = TSimd.MultiplyAdd(x, low, l0); h0 = TSimd.MultiplyAdd(x, high, h0);
            x = TSimd.Broadcast(a[aRow]); l1 = TSimd.MultiplyAdd(x, low, l1); h1 = TSimd.MultiplyAdd(x, high, h1);
            x = TSimd.Broadcast(a[2 * aRow]); l2 = TSimd.MultiplyAdd(x, low, l2); h2 = TSimd.MultiplyAdd(x, high, h2);
            x = TSimd.Broadcast(a[3 * aRow]); l3 = TSimd.MultiplyAdd(x, low, l3); h3 = TSimd.MultiplyAdd(x, high, h3);
        }
        TSimd.Store(l0, c); TSimd.Store(h0, c + w);
        TSimd.Store(l1, c + cRow); TSimd.Store(h1, c + cRow + w);
        TSimd.Store(l2, c + 2 * cRow); TSimd.Store(h2, c + 2 * cRow + w);
        TSimd.Store(l3, c + 3 * cRow); TSimd.Store(h3, c + 3 * cRow + w);
    }

    /// <summary>3 rows by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile3(int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var w = TSimd.Lanes;
        V l0 = default, h0 = default;
        V l1 = default, h1 = default;
        V l2 = default, h2 = default;
        if (accumulate)
        {
            l0 = TSimd.Load(c); h0 = TSimd.Load(c + w);
            l1 = TSimd.Load(c + cRow); h1 = TSimd.Load(c + cRow + w);
            l2 = TSimd.Load(c + 2 * cRow); h2 = TSimd.Load(c + 2 * cRow + w);
        }
        for (var k = 0; k < depth; k++, a += aK, b += bK)
        {
            V low = TRight.Load<TSimd, V>(b, 0), high = TRight.Load<TSimd, V>(b, 1);
            TSimd.Prefetch(b + Ahead * bK);
            var x = TSimd.Broadcast(a[0]); l0 = TSimd.MultiplyAdd(x, low, l0); h0 = TSimd.MultiplyAdd(x, high, h0);
            x = TSimd.Broadcast(a[aRow]); l1 = TSimd.MultiplyAdd(x, low, l1); h1 = TSimd.MultiplyAdd(x, high, h1);
            x = TSimd.Broadcast(a[2 * aRow]); l2 = TSimd.MultiplyAdd(x, low, l2); h2 = TSimd.MultiplyAdd(x, high, h2);
        }
        TSimd.Store(l0, c); TSimd.Store(h0, c + w);
        TSimd.Store(l1, c + cRow); TSimd.Store(h1, c + cRow + w);
        TSimd.Store(l2, c + 2 * cRow); TSimd.Store(h2, c + 2 * cRow + w);
    }

    /// <summary>2 rows by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile2(int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var w = TSimd.Lanes;
        V l0 = default, h0 = default;
        V l1 = default, h1 = default;
        if (accumulate)
        {
            l0 = TSimd.Load(c); h0 = TSimd.Load(c + w);
            l1 = TSimd.Load(c + cRow); h1 = TSimd.Load(c + cRow + w);
        }
        for (var k = 0; k < depth; k++, a += aK, b += bK)
        {
            V low = TRight.Load<TSimd, V>(b, 0), high = TRight.Load<TSimd, V>(b, 1);
            TSimd.Prefetch(b + Ahead * bK);
            var x = TSimd.Broadcast(a[0]); l0 = TSimd.MultiplyAdd(x, low, l0); h0 = TSimd.MultiplyAdd(x, high, h0);
            x = TSimd.Broadcast(a[aRow]); l1 = TSimd.MultiplyAdd(x, low, l1); h1 = TSimd.MultiplyAdd(x, high, h1);
        }
        TSimd.Store(l0, c); TSimd.Store(h0, c + w);
        TSimd.Store(l1, c + cRow); TSimd.Store(h1, c + cRow + w);
    }

    /// <summary>1 row by two vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile1(int depth, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate)
    {
        var w = TSimd.Lanes;
        V l0 = default, h0 = default;
        if (accumulate)
        {
            l0 = TSimd.Load(c); h0 = TSimd.Load(c + w);
        }
        for (var k = 0; k < depth; k++, a += aK, b += bK)
        {
            V low = TRight.Load<TSimd, V>(b, 0), high = TRight.Load<TSimd, V>(b, 1);
            TSimd.Prefetch(b + Ahead * bK);
            var x = TSimd.Broadcast(a[0]); l0 = TSimd.MultiplyAdd(x, low, l0); h0 = TSimd.MultiplyAdd(x, high, h0);
        }
        TSimd.Store(l0, c); TSimd.Store(h0, c + w);
    }
}
