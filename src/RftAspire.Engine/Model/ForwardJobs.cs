using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>Products run over blocks of rows that stay in the second-level cache, with what follows a product done while it is there.</summary>
internal static class RowBlocks
{
    public const int Rows = 96;
}

/// <summary>y[rows, outputs] = x[rows, inputs] Wᵀ, split over outputs.</summary>
internal readonly unsafe struct LinearJob(WeightMatrix matrix, int rows, ProductRows x, float* y) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        int from = matrix.PanelCount * thread / threads, to = matrix.PanelCount * (thread + 1) / threads;
        for (var row = 0; row < rows; row += RowBlocks.Rows)
            matrix.Multiply(from, to, row, Math.Min(RowBlocks.Rows, rows - row), x, y, matrix.Outputs, accumulate: false);
    }
}

/// <summary>target = residual + x Wᵀ, split over outputs; the sum starts from the residual, so that all callers round alike.</summary>
internal readonly unsafe struct ResidualJob(WeightMatrix matrix, int rows, ProductRows x, float* residual, float* target, LoraTerm lora) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        int from = matrix.PanelCount * thread / threads, to = matrix.PanelCount * (thread + 1) / threads;
        int first = from * MatrixKernel.StripColumns, width = Math.Min(matrix.Outputs, to * MatrixKernel.StripColumns) - first;
        if (width <= 0) return;
        for (var row = 0; row < rows; row += RowBlocks.Rows)
        {
            var count = Math.Min(RowBlocks.Rows, rows - row);
            for (var r = row; r < row + count && target != residual; r++)
            {
                var at = (long)r * matrix.Outputs + first;
                new ReadOnlySpan<float>(residual + at, width).CopyTo(new Span<float>(target + at, width));
            }
            matrix.Multiply(from, to, row, count, x, target, matrix.Outputs, accumulate: true);
            lora.Add(0, from, to, row, count, target, matrix.Outputs);
        }
    }
}

/// <summary>y_i = w_i x_i / sqrt(mean(x²) + eps) for each row; the reciprocal root is kept when asked for.</summary>
internal readonly unsafe struct RmsNormJob(int rows, int size, float* x, float* weight, float eps, ProductRows y, float* inverseRoots) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
        {
            var inverse = Normalize(x + (long)r * size, weight, y.Values + (long)r * size, size, eps);
            y.Round(r, size, 0, size);
            if (inverseRoots != null) inverseRoots[r] = inverse;
        }
    }

    public static float Normalize(float* x, float* weight, float* y, int size, float eps)
    {
        var inverse = 1 / MathF.Sqrt(VectorMath.SumOfSquares(x, size) / size + eps);
        VectorMath.ScaleWeighted(x, inverse, weight, y, size);
        return inverse;
    }
}

/// <summary>Rounds rows for a product in bf16.</summary>
internal readonly unsafe struct RoundJob(int rows, int size, ProductRows x) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++) x.Round(r, size, 0, size);
    }
}

/// <summary>
/// Queries, keys and values: the product, biases, head norms (Qwen3) and rotation. A thread has whole heads, so nothing of a head
/// is needed from elsewhere.
/// </summary>
internal readonly unsafe struct QueryKeyValueJob(ModelConfig config, PackedLayer layer, RotaryTable rotary, IAttention attention, int index,
    int rows, int* positions, ProductRows x, float* qkv, float* raw, LoraTerm lora) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        // Units of panels whose borders are borders of heads too; in turns, because keys and values, the last heads, cost more.
        var panels = config.HeadDim / GreatestCommonDivisor(config.HeadDim, MatrixKernel.StripColumns);
        for (var row = 0; row < rows; row += RowBlocks.Rows)
        {
            var count = Math.Min(RowBlocks.Rows, rows - row);
            for (var unit = thread * panels; unit < layer.QueryKeyValue.PanelCount; unit += threads * panels)
                Unit(row, count, unit, Math.Min(unit + panels, layer.QueryKeyValue.PanelCount));
        }
    }

    private void Unit(int row, int count, int from, int to)
    {
        var matrix = layer.QueryKeyValue;
        matrix.Multiply(from, to, row, count, x, qkv, matrix.Outputs, accumulate: false);
        lora.Add(0, from, to, row, count, qkv, matrix.Outputs);
        int firstHead = from * MatrixKernel.StripColumns / config.HeadDim, lastHead = Math.Min(matrix.Outputs, to * MatrixKernel.StripColumns) / config.HeadDim;
        for (var r = row; r < row + count; r++)
            for (var head = firstHead; head < lastHead; head++) Finish(r, head);
    }

    private void Finish(int row, int head)
    {
        var size = config.HeadDim;
        var at = (long)row * layer.QueryKeyValue.Outputs + head * size;
        var start = qkv + at;
        if (layer.QueryKeyValueBias != null) VectorMath.Add(start, layer.QueryKeyValueBias + head * size, size);
        if (raw != null) new ReadOnlySpan<float>(start, size).CopyTo(new Span<float>(raw + at, size));
        var kvHead = head - config.Heads;
        if (kvHead >= config.KvHeads)
        {
            if (layer.QueryKeyValue.Precision == Precision.BF16) BFloat16Pairs.Round(start, size);
            attention.KeepValue(index, row, kvHead - config.KvHeads, start);
            return;
        }
        var norm = kvHead < 0 ? layer.QueryNorm : layer.KeyNorm;
        if (norm != null) RmsNormJob.Normalize(start, norm, start, size, (float)config.RmsNormEps);
        rotary.Rotate(start, positions[row], 1);
        if (kvHead < 0) return;
        if (layer.QueryKeyValue.Precision == Precision.BF16) BFloat16Pairs.Round(start, size);
        attention.KeepKey(index, row, kvHead, start);
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

/// <summary>activated = silu(x Wgateᵀ) * (x Wupᵀ), with silu(z) = z / (1 + exp(-z)), split over columns; rows of gateUp hold gate, then up.</summary>
internal readonly unsafe struct GateUpJob(PackedLayer layer, int rows, ProductRows x, float* gateUp, ProductRows activated, LoraTerm lora) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        var size = layer.Gate.Outputs;
        int from = layer.Gate.PanelCount * thread / threads, to = layer.Gate.PanelCount * (thread + 1) / threads;
        int first = from * MatrixKernel.StripColumns, width = Math.Min(size, to * MatrixKernel.StripColumns) - first;
        for (var row = 0; row < rows; row += RowBlocks.Rows)
        {
            var count = Math.Min(RowBlocks.Rows, rows - row);
            layer.Gate.Multiply(from, to, row, count, x, gateUp, 2L * size, accumulate: false);
            layer.Up.Multiply(from, to, row, count, x, gateUp + size, 2L * size, accumulate: false);
            lora.Add(0, from, to, row, count, gateUp, 2L * size);
            lora.Add(1, from, to, row, count, gateUp + size, 2L * size);
            for (var r = row; r < row + count; r++)
            {
                var gate = gateUp + 2L * r * size + first;
                SwiGlu(gate, gate + size, activated.Values + (long)r * size + first, width);
                activated.Round(r, size, first, width);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SwiGlu(float* gate, float* up, float* activated, int n)
    {
        var i = 0;
        for (; i + 16 <= n; i += 16) Activate(Vector512.Load(gate + i), Vector512.Load(up + i)).Store(activated + i);
        for (; i < n; i++) activated[i] = Activate(Vector512.Create(gate[i]), Vector512.Create(up[i])).GetElement(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Activate(Vector512<float> gate, Vector512<float> up) =>
        gate / (Vector512<float>.One + VectorMath.Exp(-gate)) * up;
}

/// <summary>Each row's token embedding, the start of the residual stream.</summary>
internal readonly unsafe struct EmbeddingJob(PackedWeights weights, int rows, int* tokens, float* target) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        var size = weights.Config.HiddenSize;
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
            new ReadOnlySpan<float>(weights.Embedding(tokens[r]), size).CopyTo(new Span<float>(target + (long)r * size, size));
    }
}
