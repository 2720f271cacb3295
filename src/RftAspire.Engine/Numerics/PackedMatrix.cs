namespace RftAspire.Engine.Numerics;

/// <summary>
/// A weight matrix W [outputs, inputs] laid out for y = x Wᵀ: panels of 32 outputs, each [inputs][32], the last one padded with
/// zeros. Packed once per weights version.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly NativeBuffer _panels;

    public PackedMatrix(int outputs, int inputs)
    {
        (Outputs, Inputs) = (outputs, inputs);
        PanelCount = (outputs + MatrixKernel.StripColumns - 1) / MatrixKernel.StripColumns;
        _panels = new NativeBuffer((long)PanelCount * inputs * MatrixKernel.StripColumns);
    }

    public int Outputs { get; }
    public int Inputs { get; }
    public int PanelCount { get; }

    /// <summary>Packs rows of a row-major [outputs, inputs] matrix; thread <paramref name="thread"/> takes its share of the panels.</summary>
    public void Pack(float* weights, int thread, int threads)
    {
        for (var panel = PanelCount * thread / threads; panel < PanelCount * (thread + 1) / threads; panel++)
        {
            var first = panel * MatrixKernel.StripColumns;
            var count = Math.Min(MatrixKernel.StripColumns, Outputs - first);
            var target = Panel(panel);
            for (var o = 0; o < count; o++)
            {
                var row = weights + (long)(first + o) * Inputs;
                for (var i = 0; i < Inputs; i++) target[(long)i * MatrixKernel.StripColumns + o] = row[i];
            }
        }
    }

    /// <summary>y[rows, outputs] = x[rows, inputs] Wᵀ for this thread's share of the outputs; adds to y when asked.</summary>
    public void Multiply(int rows, float* x, long xRow, float* y, long yRow, bool accumulate, int thread, int threads)
    {
        const int rowBlock = 96;
        int from = PanelCount * thread / threads, to = PanelCount * (thread + 1) / threads;
        for (var row = 0; row < rows; row += rowBlock)
        {
            var height = Math.Min(rowBlock, rows - row);
            for (var panel = from; panel < to; panel++)
            {
                var first = panel * MatrixKernel.StripColumns;
                MatrixKernel.Strip(height, Math.Min(MatrixKernel.StripColumns, Outputs - first), Inputs, x + row * xRow, xRow, 1,
                    Panel(panel), MatrixKernel.StripColumns, y + row * yRow + first, yRow, accumulate);
            }
        }
    }

    public void Dispose() => _panels.Dispose();

    private float* Panel(int index) => _panels.Start + (long)index * Inputs * MatrixKernel.StripColumns;
}
