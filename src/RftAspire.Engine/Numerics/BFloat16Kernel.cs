using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using unsafe TileFunction = delegate* unmanaged[SuppressGCTransition]<long, uint*, long, uint*, float*, long, void>;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// C[m, n] (+)= A[m, k] B[k, n] of bf16 numbers with float32 sums. Inputs come as pairs over k (<see cref="BFloat16Pairs"/>); for
/// each pair a sum takes the odd product first and then the even one, as fused multiply-adds that read subnormal numbers as zero
/// and write subnormal results as zero. Every output takes its pairs in ascending order, so its bits depend neither on the
/// tile nor on the threads nor on whether the processor has the instruction (VDPBF16PS, as Intel's manual defines it). Only which
/// NaN a sum ends in may differ.
/// </summary>
/// <remarks>.NET has no intrinsic for the instruction, so its micro-kernels are assembled when first used.</remarks>
internal static unsafe class BFloat16Kernel
{
    /// <summary>Outputs of one panel of B: the pairs of one k lie in an array of so many.</summary>
    public const int PanelColumns = 32;

    private const int TileKinds = 3;
    private static readonly nint[] s_tiles = Emit();

    /// <summary>Whether the processor's own bf16 products are used.</summary>
    public static bool IsEmitted => s_tiles.Length > 0;

    /// <summary>
    /// One panel: up to 32 columns of <paramref name="rows"/> rows. Pair p of row r of A lies at <c>a[r * aRow + p * aPair]</c>,
    /// where one of the two strides is 1; pair p of B's columns at <c>b[p * 32]</c>; row r of C at <c>c[r * cRow]</c>.
    /// </summary>
    public static void Strip(
        int rows, int columns, int pairs, uint* a, long aRow, long aPair, uint* b, float* c, long cRow, bool accumulate)
    {
        if (pairs == 0) Clear(accumulate ? 0 : rows, columns, c, cRow);
        else if (!IsEmitted) BFloat16Fallback.Strip(rows, columns, pairs, a, aRow, aPair, b, c, cRow, accumulate);
        else if (columns == PanelColumns) WholeStrip(rows, pairs, a, aRow, aPair, b, c, cRow, accumulate);
        else PartialStrip(rows, columns, pairs, a, aRow, aPair, b, c, cRow, accumulate);
    }

    /// <summary>
    /// Two whole panels of B that follow each other, for a few rows of A: the same sums as two strips, with more of them in
    /// flight. False where there is no such kernel.
    /// </summary>
    public static bool TryTwoStrips(int rows, int pairs, uint* a, long aRow, uint* b, float* c, long cRow, bool accumulate)
    {
        if (!IsEmitted || rows > BFloat16Tile.MostRowsOfTwo || pairs == 0) return false;
        Tile(rows, 2, accumulate)(pairs, a, aRow * sizeof(uint), b, c, cRow * sizeof(float));
        return true;
    }

    private static void WholeStrip(int rows, int pairs, uint* a, long aRow, long aPair, uint* b, float* c, long cRow, bool accumulate)
    {
        var turned = aPair != 1;
        // Tiles of like height: a low last one would leave the multipliers waiting for each other's sums.
        for (var tiles = (rows + BFloat16Tile.MostRows - 1) / BFloat16Tile.MostRows; tiles > 0; tiles--)
        {
            var height = (rows + tiles - 1) / tiles;
            Tile(height, turned ? 1 : 0, accumulate)(pairs, a, (turned ? aPair : aRow) * sizeof(uint), b, c, cRow * sizeof(float));
            a += height * aRow;
            c += height * cRow;
            rows -= height;
        }
    }

    [SkipLocalsInit]
    private static void PartialStrip(
        int rows, int columns, int pairs, uint* a, long aRow, long aPair, uint* b, float* c, long cRow, bool accumulate)
    {
        var whole = stackalloc float[BFloat16Tile.MostRows * PanelColumns];
        for (var r = 0; r < rows; r += BFloat16Tile.MostRows)
        {
            var height = Math.Min(BFloat16Tile.MostRows, rows - r);
            if (accumulate) Copy(c + r * cRow, cRow, whole, PanelColumns, height, columns);
            WholeStrip(height, pairs, a + r * aRow, aRow, aPair, b, whole, PanelColumns, accumulate);
            Copy(whole, PanelColumns, c + r * cRow, cRow, height, columns);
        }
    }

    private static TileFunction Tile(int rows, int kind, bool accumulate) =>
        (TileFunction)s_tiles[(kind * BFloat16Tile.MostRows + rows - 1) * 2 + (accumulate ? 1 : 0)];

    private static nint[] Emit()
    {
        if (!HasInstruction()) return [];
        var (assembler, places) = (new EvexAssembler(), new nint[TileKinds * BFloat16Tile.MostRows * 2]);
        for (var kind = 0; kind < TileKinds; kind++)
        {
            for (var rows = 1; rows <= (kind == 2 ? BFloat16Tile.MostRowsOfTwo : BFloat16Tile.MostRows); rows++)
            {
                var (fromZero, fromC) = new BFloat16Tile(assembler, rows, panels: kind == 2 ? 2 : 1, turned: kind == 1).Emit();
                var place = (kind * BFloat16Tile.MostRows + rows - 1) * 2;
                (places[place], places[place + 1]) = (fromZero, fromC);
            }
        }
        var code = ExecutableMemory.TryPlace(assembler.Code);
        if (code == null) return [];
        for (var i = 0; i < places.Length; i++) places[i] += (nint)code;
        return places;
    }

    /// <summary>AVX512-BF16, and an operating system and runtime that keep 512-bit registers.</summary>
    private static bool HasInstruction() =>
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;

    private static void Clear(int rows, int columns, float* c, long cRow)
    {
        for (var r = 0; r < rows; r++) new Span<float>(c + r * cRow, columns).Clear();
    }

    private static void Copy(float* source, long sourceRow, float* target, long targetRow, int rows, int columns)
    {
        for (var r = 0; r < rows; r++)
            new ReadOnlySpan<float>(source + r * sourceRow, columns).CopyTo(new Span<float>(target + r * targetRow, columns));
    }
}
