using System.Runtime.CompilerServices;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// A matrix W [outputs, inputs] rounded to bf16 and laid out for y = x Wᵀ: panels of 32 outputs, each [pairs of inputs][32], the
/// last one padded with zeros. Packed from W or from its transpose, so that the products of the way back (dY W and dYᵀ X) find
/// their operands as well.
/// </summary>
internal sealed unsafe class PackedBFloat16Matrix : IDisposable
{
    // A panel's block and the rows that meet it stay in the first-level cache.
    private const int BlockPairs = 320, TurnedBlockPairs = 128, BlockRows = 14 * 12, BlockPanels = 5, Columns = BFloat16Kernel.PanelColumns;
    private readonly NativeBuffer _panels;
    private readonly bool _ownsPanels;

    public PackedBFloat16Matrix(int outputs, int inputs)
        : this(outputs, inputs, new NativeBuffer(PanelFloats(outputs, inputs))) => _ownsPanels = true;

    /// <summary>A matrix in a buffer of at least <see cref="PanelFloats"/> that stays the caller's.</summary>
    public PackedBFloat16Matrix(int outputs, int inputs, NativeBuffer panels)
    {
        (Outputs, Inputs, Pairs) = (outputs, inputs, BFloat16Pairs.Count(inputs));
        PanelCount = (outputs + Columns - 1) / Columns;
        _panels = panels;
    }

    /// <summary>Room that the panels take, in floats.</summary>
    public static long PanelFloats(int outputs, int inputs) => (outputs + Columns - 1) / Columns * (long)BFloat16Pairs.Count(inputs) * Columns;

    public int Outputs { get; }
    public int Inputs { get; }
    public int Pairs { get; }
    public int PanelCount { get; }

    /// <summary>Packs a row-major [outputs, inputs] matrix; thread <paramref name="thread"/> takes its share of the panels.</summary>
    [SkipLocalsInit]
    public void Pack(float* weights, int thread, int threads)
    {
        const int block = 128;
        var lines = stackalloc uint[Columns * block];
        for (var panel = PanelCount * thread / threads; panel < PanelCount * (thread + 1) / threads; panel++)
        {
            var source = weights + (long)panel * Columns * Inputs;
            var count = ColumnsOf(panel);
            for (var pair = 0; pair < Pairs; pair += block)
            {
                var depth = Math.Min(2 * block, Inputs - 2 * pair);
                for (var o = 0; o < count; o++) BFloat16Pairs.Pack(source + (long)o * Inputs + 2 * pair, depth, lines + o * block);
                var target = Panel(panel, pair);
                for (var p = 0; p < BFloat16Pairs.Count(depth); p++)
                    for (var o = 0; o < count; o++) target[p * Columns + o] = lines[o * block + p];
            }
        }
    }

    /// <summary>Packs the transpose, [inputs, outputs] with <paramref name="row"/> floats between rows.</summary>
    public void PackTransposed(float* transpose, long row, int thread, int threads)
    {
        // Panel by panel over a few rows at a time: each row is read on across its pages while they are at hand.
        const int block = 16;
        int from = PanelCount * thread / threads, to = PanelCount * (thread + 1) / threads;
        for (var first = 0; first < Pairs; first += block)
        {
            for (var panel = from; panel < to; panel++)
            {
                for (var pair = first; pair < Math.Min(first + block, Pairs); pair++)
                {
                    var even = transpose + 2 * pair * row + panel * Columns;
                    BFloat16Pairs.Interleave(even, 2 * pair + 1 < Inputs ? even + row : null, ColumnsOf(panel), Panel(panel, pair));
                }
            }
        }
    }

    /// <summary>Columns of y = x Wᵀ in the panels from <paramref name="from"/> up to <paramref name="to"/>; added to y when asked.</summary>
    /// <param name="x">Rows of pairs, <paramref name="xRow"/> pairs apart.</param>
    public void Multiply(int from, int to, int rows, uint* x, long xRow, float* y, long yRow, bool accumulate)
    {
        // Rows of one tile meet every weight once: better to read the weights in the order of memory than in blocks.
        var block = BlockOf(rows <= BFloat16Tile.MostRows ? Pairs : BlockPairs);
        for (var row = 0; row < rows; row += BlockRows)
        {
            for (var pair = 0; pair < Pairs; pair += block)
            {
                var count = Math.Min(block, Pairs - pair);
                for (var panel = from; panel < to; panel++)
                    BFloat16Kernel.Strip(Math.Min(BlockRows, rows - row), ColumnsOf(panel), count, x + row * xRow + pair, xRow, 1,
                        Panel(panel, pair), y + row * yRow + panel * Columns, yRow, accumulate || pair > 0);
            }
        }
    }

    /// <summary>
    /// y[left.outputs, outputs] = V Wᵀ with V the <paramref name="left"/> matrix of as many inputs, for this thread's share of W's
    /// outputs; adds to y when asked.
    /// </summary>
    public void Multiply(PackedBFloat16Matrix left, float* y, long yRow, bool accumulate, int thread, int threads)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(left.Inputs, Inputs);
        int from = PanelCount * thread / threads, to = PanelCount * (thread + 1) / threads;
        var block = BlockOf(TurnedBlockPairs);
        for (var first = 0; first < left.PanelCount; first += BlockPanels)
        {
            for (var pair = 0; pair < Pairs; pair += block)
            {
                var count = Math.Min(block, Pairs - pair);
                for (var panel = from; panel < to; panel++)
                {
                    for (var rows = first; rows < Math.Min(first + BlockPanels, left.PanelCount); rows++)
                        BFloat16Kernel.Strip(left.ColumnsOf(rows), ColumnsOf(panel), count, left.Panel(rows, pair), 1, Columns,
                            Panel(panel, pair), y + rows * Columns * yRow + panel * Columns, yRow, accumulate || pair > 0);
                }
            }
        }
    }

    public void Dispose()
    {
        if (_ownsPanels) _panels.Dispose();
    }

    /// <summary>Splits the pairs evenly into blocks of at most <paramref name="most"/>.</summary>
    private int BlockOf(int most)
    {
        var blocks = (Pairs + most - 1) / most;
        return (Pairs + blocks - 1) / blocks;
    }

    private int ColumnsOf(int panel) => Math.Min(Columns, Outputs - panel * Columns);

    private uint* Panel(int panel, int pair) => (uint*)_panels.Start + ((long)panel * Pairs + pair) * Columns;
}
