using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// The way back through y = x Wᵀ with W [outputs, inputs]: dW += dyᵀ x and dx = dy W, in the precision of the products on the way
/// there. In bf16 the rows of dyᵀ x are summed in pairs, so a group's first row must be an even one.
/// </summary>
internal sealed unsafe class LinearBackward : IDisposable
{
    private readonly NativeBuffer? _pairs;
    private readonly long _turnedGradientFloats, _turnedInputFloats;
    // Made when first needed: frozen weights have no gradients.
    private NativeBuffer? _turnedGradient;
    private NativeBuffer? _turnedInput;

    /// <param name="rows">Rows at most.</param>
    /// <param name="outputs">Outputs of the widest product.</param>
    /// <param name="inputs">Inputs of the product with the most.</param>
    /// <param name="precision">How products are computed.</param>
    public LinearBackward(int rows, int outputs, int inputs, Precision precision)
    {
        if (precision == Precision.F32) return;
        _pairs = new NativeBuffer((long)rows * BFloat16Pairs.RowStride(outputs));
        _turnedGradientFloats = PackedBFloat16Matrix.PanelFloats(outputs, rows);
        _turnedInputFloats = PackedBFloat16Matrix.PanelFloats(inputs, rows);
    }

    /// <summary>dW += dyᵀ x.</summary>
    public void WeightGradient(int rows, int outputs, int inputs, float* dy, float* x, float* gradient, ThreadTeam team)
    {
        if (_pairs is null)
        {
            team.Run(new ProductJob(outputs, inputs, rows, dy, 1, outputs, x, inputs, gradient, inputs, accumulate: true));
            return;
        }
        PackedBFloat16Matrix left = new(outputs, rows, _turnedGradient ??= new(_turnedGradientFloats)), right = new(inputs, rows, _turnedInput ??= new(_turnedInputFloats));
        team.Run(new TurnJob(left, dy, outputs));
        team.Run(new TurnJob(right, x, inputs));
        team.Run(new TurnedProductJob(left, right, gradient));
    }

    /// <summary>dx = dy W, with W as it is (float32) or turned (bf16).</summary>
    public void InputGradient(int rows, int outputs, int inputs, float* dy, float* weights, PackedBFloat16Matrix? turned, float* dx, ThreadTeam team)
    {
        if (_pairs is null)
        {
            team.Run(new ProductJob(rows, inputs, outputs, dy, outputs, 1, weights, inputs, dx, inputs, accumulate: false));
            return;
        }
        var x = new ProductRows(dy, (uint*)_pairs.Start);
        team.Run(new RoundJob(rows, outputs, x));
        team.Run(new RowsProductJob(turned!, rows, x.Pairs, dx));
    }

    public void Dispose()
    {
        _pairs?.Dispose();
        _turnedGradient?.Dispose();
        _turnedInput?.Dispose();
    }

    private readonly struct TurnedProductJob(PackedBFloat16Matrix left, PackedBFloat16Matrix right, float* target) : IParallelJob
    {
        public void Execute(int thread, int threads) => right.Multiply(left, target, right.Outputs, accumulate: true, thread, threads);
    }

    private readonly struct RowsProductJob(PackedBFloat16Matrix matrix, int rows, uint* x, float* target) : IParallelJob
    {
        public void Execute(int thread, int threads) => matrix.Multiply(matrix.PanelCount * thread / threads, matrix.PanelCount * (thread + 1) / threads,
            rows, x, BFloat16Pairs.RowStride(matrix.Inputs), target, matrix.Outputs, accumulate: false);
    }
}

/// <summary>Packs the transpose of a row-major matrix.</summary>
internal readonly unsafe struct TurnJob(PackedBFloat16Matrix target, float* source, int row) : IParallelJob
{
    public void Execute(int thread, int threads) => target.PackTransposed(source, row, thread, threads);
}
