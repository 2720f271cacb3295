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
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pairs);
        if (!IsEmitted) BFloat16Fallback.Strip(rows, columns, pairs, a, aRow, aPair, b, c, cRow, accumulate);
        else if (columns == PanelColumns) WholeStrip(rows, pairs, a, aRow, aPair, b, c, cRow, accumulate);
        else PartialStrip(rows, columns, pairs, a, aRow, aPair, b, c, cRow, accumulate);
    }

    private static void WholeStrip(int rows, int pairs, uint* a, long aRow, long aPair, uint* b, float* c, long cRow, bool accumulate)
    {
        var turned = aPair != 1;
        // Tiles of like height: a low last one would leave the multipliers waiting for each other's sums.
        for (var tiles = (rows + BFloat16Tile.MostRows - 1) / BFloat16Tile.MostRows; tiles > 0; tiles--)
        {
            var height = (rows + tiles - 1) / tiles;
            Tile(height, turned, accumulate)(pairs, a, (turned ? aPair : aRow) * sizeof(uint), b, c, cRow * sizeof(float));
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

    private static TileFunction Tile(int rows, bool turned, bool accumulate) => (TileFunction)s_tiles[Place(rows, turned) + (accumulate ? 1 : 0)];

    private static int Place(int rows, bool turned) => 2 * (rows - 1 + (turned ? BFloat16Tile.MostRows : 0));

    private static nint[] Emit()
    {
        if (!HasInstruction()) return [];
        var (assembler, places) = (new EvexAssembler(), new nint[4 * BFloat16Tile.MostRows]);
        for (var rows = 1; rows <= BFloat16Tile.MostRows; rows++)
        {
            foreach (var turned in new[] { false, true })
            {
                var place = Place(rows, turned);
                (places[place], places[place + 1]) = new BFloat16Tile(assembler, rows, turned).Emit();
            }
        }
        var code = ExecutableMemory.TryPlace(assembler.Code);
        return code == null ? [] : Array.ConvertAll(places, place => place + (nint)code);
    }

    /// <summary>AVX512-BF16, and an operating system and runtime that keep 512-bit registers.</summary>
    private static bool HasInstruction() =>
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported && X86Base.CpuId(7, 0).Eax >= 1 && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;

    private static void Copy(float* source, long sourceRow, float* target, long targetRow, int rows, int columns)
    {
        for (var r = 0; r < rows; r++)
            new ReadOnlySpan<float>(source + r * sourceRow, columns).CopyTo(new Span<float>(target + r * targetRow, columns));
    }
}
