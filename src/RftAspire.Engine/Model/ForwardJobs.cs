using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>y[rows, outputs] (+)= x[rows, inputs] Wᵀ, split over outputs.</summary>
internal readonly unsafe struct LinearJob(PackedMatrix matrix, int rows, float* x, float* y, bool accumulate) : IParallelJob
{
    public void Execute(int thread, int threads) =>
        matrix.Multiply(rows, x, matrix.Inputs, y, matrix.Outputs, accumulate, thread, threads);
}

/// <summary>y_i = w_i x_i / sqrt(mean(x²) + eps) for each row; the reciprocal root is kept when asked for.</summary>
internal readonly unsafe struct RmsNormJob(int rows, int size, float* x, float* weight, float eps, float* y, float* inverseRoots) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
        {
            var inverse = Normalize(x + (long)r * size, weight, y + (long)r * size, size, eps);
            if (inverseRoots != null) inverseRoots[r] = inverse;
        }
    }

    public static float Normalize(float* x, float* weight, float* y, int size, float eps)
    {
        var inverse = 1 / MathF.Sqrt(VectorMath.SumOfSquares(x, size) / size + eps);
        for (var i = 0; i < size; i++) y[i] = weight[i] * (x[i] * inverse);
        return inverse;
    }
}

/// <summary>Adds biases, normalizes heads (Qwen3) and turns queries and keys by their positions, all in place.</summary>
internal readonly unsafe struct RotaryJob(ModelConfig config, PackedLayer layer, RotaryTable rotary, int rows, int* positions, float* qkv, float* raw) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        var width = layer.QueryKeyValue.Outputs;
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
        {
            var row = qkv + (long)r * width;
            if (layer.QueryKeyValueBias != null) VectorMath.Add(row, layer.QueryKeyValueBias, width);
            if (raw != null) new ReadOnlySpan<float>(row, width).CopyTo(new Span<float>(raw + (long)r * width, width));
            for (var head = 0; head < config.Heads + config.KvHeads; head++)
            {
                var start = row + head * config.HeadDim;
                var norm = head < config.Heads ? layer.QueryNorm : layer.KeyNorm;
                if (norm != null) RmsNormJob.Normalize(start, norm, start, config.HeadDim, (float)config.RmsNormEps);
                rotary.Rotate(start, positions[r], 1);
            }
        }
    }
}

/// <summary>activated = silu(gate) * up, with silu(z) = z / (1 + exp(-z)); rows of gateUp hold gate, then up.</summary>
internal readonly unsafe struct SwiGluJob(int rows, int size, float* gateUp, float* activated) : IParallelJob
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
        {
            float* gate = gateUp + (long)r * 2 * size, up = gate + size, y = activated + (long)r * size;
            for (var i = 0; i < size - 15; i += 16) Activate(gate + i, up + i).Store(y + i);
            for (var i = size & ~15; i < size; i++) y[i] = ActivateOne(gate[i], up[i]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Activate(float* gate, float* up)
    {
        var z = Vector512.Load(gate);
        return z / (Vector512<float>.One + VectorMath.Exp(-z)) * Vector512.Load(up);
    }

    private static float ActivateOne(float gate, float up)
    {
        var z = Vector512.Create(gate);
        return (z / (Vector512<float>.One + VectorMath.Exp(-z)) * Vector512.Create(up)).GetElement(0);
    }
}

/// <summary>Copies rows of floats, split over rows.</summary>
internal readonly unsafe struct CopyRowsJob(int rows, int size, float* source, float* target) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        long from = (long)rows * thread / threads * size, to = (long)rows * (thread + 1) / threads * size;
        Buffer.MemoryCopy(source + from, target + from, (to - from) * sizeof(float), (to - from) * sizeof(float));
    }
}
