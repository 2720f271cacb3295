using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>
/// s B of an adapter for outputs of one base matrix, in the base's panels of 32 outputs. A panel has only those columns of t that its
/// outputs' parts meet: [columns][32], zero where an output does not meet a column.
/// </summary>
internal sealed unsafe class PackedLoraB : IDisposable
{
    private const int Width = MatrixKernel.StripColumns;
    private readonly LoraProduct _product;
    private readonly int _firstOutput, _outputs, _rank, _depth;
    private readonly (int First, int Count)[] _columns;
    private readonly NativeBuffer _panels;

    /// <param name="product">The adapter.</param>
    /// <param name="firstOutput">Where the base matrix begins within the product's outputs.</param>
    /// <param name="outputs">Outputs of the base matrix.</param>
    /// <param name="rank">r.</param>
    public PackedLoraB(LoraProduct product, int firstOutput, int outputs, int rank)
    {
        (_product, _firstOutput, _outputs, _rank) = (product, firstOutput, outputs, rank);
        _columns = [.. Enumerable.Range(0, (outputs + Width - 1) / Width).Select(ColumnsOf)];
        _depth = Math.Max(rank, _columns.Max(columns => columns.Count));
        _panels = new NativeBuffer((long)_columns.Length * _depth * Width);
    }

    /// <summary>Lays out s B; thread <paramref name="thread"/> takes its share of the panels.</summary>
    public void Pack(LoraAdapter adapter, int thread, int threads)
    {
        var scale = (float)adapter.Layout.Settings.Scale;
        for (var panel = _columns.Length * thread / threads; panel < _columns.Length * (thread + 1) / threads; panel++)
        {
            foreach (var part in PartsOf(panel))
            {
                var (from, to) = Common(part, panel);
                var target = Panel(panel) + (part.Column - _columns[panel].First) * Width - (_firstOutput + panel * Width);
                for (var output = from; output < to; output++)
                {
                    var row = adapter.At(part.B) + (long)(output - part.FirstOutput) * _rank;
                    for (var k = 0; k < _rank; k++) target[k * Width + output] = scale * row[k];
                }
            }
        }
    }

    /// <summary>y += t (s B)ᵀ for the outputs of the panels from <paramref name="from"/> up to <paramref name="to"/>.</summary>
    public void MultiplyAdd(int from, int to, int rows, float* t, float* y, long yRow)
    {
        for (var panel = from; panel < to; panel++)
        {
            var (first, count) = _columns[panel];
            if (count == 0) continue;
            MatrixKernel.Strip(rows, Math.Min(Width, _outputs - panel * Width), count, t + first, _product.Columns, 1, Panel(panel), Width, y + panel * Width, yRow, accumulate: true);
        }
    }

    public void Dispose() => _panels.Dispose();

    private float* Panel(int index) => _panels.Start + (long)index * _depth * Width;

    private (int First, int Count) ColumnsOf(int panel)
    {
        var parts = PartsOf(panel).ToArray();
        return parts.Length == 0 ? (0, 0) : (parts[0].Column, parts[^1].Column + _rank - parts[0].Column);
    }

    private IEnumerable<LoraPart> PartsOf(int panel) => _product.Parts.Where(part => Common(part, panel) is var (from, to) && from < to);

    /// <summary>The outputs, counted within the product, that a part and a panel share.</summary>
    private (int From, int To) Common(LoraPart part, int panel) =>
        (Math.Max(part.FirstOutput, _firstOutput + panel * Width), Math.Min(part.FirstOutput + part.Outputs, _firstOutput + Math.Min(_outputs, (panel + 1) * Width)));
}

/// <summary>One product's adapter laid out for the forward pass.</summary>
internal sealed class PackedLora(PackedMatrix a, PackedLoraB[] b) : IDisposable
{
    /// <summary>A [columns, inputs].</summary>
    public readonly PackedMatrix A = a;
    /// <summary>s B for each base matrix of the product.</summary>
    public readonly PackedLoraB[] B = b;

    public void Dispose()
    {
        A.Dispose();
        foreach (var b in B) b.Dispose();
    }
}

/// <summary>What an adapter adds to a product whose t = x Aᵀ is known; nothing where there is none.</summary>
internal readonly unsafe struct LoraTerm(PackedLora? lora, float* t)
{
    /// <summary>y += t (s B)ᵀ for rows from <paramref name="row"/> on and some panels of base matrix <paramref name="matrix"/>.</summary>
    /// <param name="matrix">Index of the base matrix within the product.</param>
    /// <param name="from">First panel.</param>
    /// <param name="to">Panel behind the last.</param>
    /// <param name="row">First row of t and y.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="y">First element of the base matrix's outputs in row 0.</param>
    /// <param name="yRow">Floats between rows of y.</param>
    public void Add(int matrix, int from, int to, int row, int rows, float* y, long yRow) =>
        lora?.B[matrix].MultiplyAdd(from, to, rows, t + (long)row * lora.A.Outputs, y + row * yRow, yRow);
}

/// <summary>t = x Aᵀ, split over rows: there are too few columns to share out.</summary>
internal readonly unsafe struct LoraColumnsJob(PackedMatrix a, int rows, float* x, float* t) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        int from = (int)((long)rows * thread / threads), to = (int)((long)rows * (thread + 1) / threads);
        for (var row = from; row < to; row += RowBlocks.Rows)
            a.Multiply(0, a.PanelCount, Math.Min(RowBlocks.Rows, to - row), x + (long)row * a.Inputs, t + (long)row * a.Outputs, a.Outputs, accumulate: false);
    }
}
