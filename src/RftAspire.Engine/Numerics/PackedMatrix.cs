namespace RftAspire.Engine.Numerics;

/// <summary>
/// A weight matrix W [outputs, inputs] laid out for y = x Wᵀ: panels of 32 outputs, each [inputs][32], the last one padded with
/// zeros. Packed once per weights version.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private const int Columns = MatrixKernel.StripColumns;
    private readonly NativeBuffer _panels;

    public PackedMatrix(int outputs, int inputs)
    {
        (Outputs, Inputs) = (outputs, inputs);
        PanelCount = (outputs + Columns - 1) / Columns;
        _panels = new NativeBuffer((long)PanelCount * inputs * Columns);
    }

    public int Outputs { get; }
    public int Inputs { get; }
    public int PanelCount { get; }

    /// <summary>Packs rows of a row-major [outputs, inputs] matrix; thread <paramref name="thread"/> takes its share of the panels.</summary>
    public void Pack(float* weights, int thread, int threads)
    {
        for (var panel = PanelCount * thread / threads; panel < PanelCount * (thread + 1) / threads; panel++)
        {
            var first = panel * Columns;
            var count = Math.Min(Columns, Outputs - first);
            VectorMath.Transpose(weights + (long)first * Inputs, Inputs, count, Inputs, Panel(panel), Columns);
        }
    }

    /// <summary>Columns of y = x Wᵀ in the panels from <paramref name="from"/> up to <paramref name="to"/>; added to y when asked.</summary>
    public void Multiply(int from, int to, int rows, float* x, float* y, long yRow, bool accumulate)
    {
        for (var panel = from; panel < to; panel++)
        {
            var first = panel * Columns;
            MatrixKernel.Strip(rows, Math.Min(Columns, Outputs - first), Inputs, x, Inputs, 1, Panel(panel), Columns, y + first, yRow, accumulate);
        }
    }

    public void Dispose() => _panels.Dispose();

    private float* Panel(int index) => _panels.Start + (long)index * Inputs * Columns;
}
