using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// C[m, n] (+)= A[m, k] B[k, n], split over rows of C. B is copied strip by strip into first-level cache. Long sums over k go in
/// blocks; C carries the sum from block to block, so the blocks do not change the bits.
/// </summary>
internal readonly unsafe struct ProductJob(int m, int n, int k, float* a, long aRow, long aK, float* b, long bK, float* c, long cRow, bool accumulate) : IParallelJob
{
    private const int DepthBlock = 256, Columns = MatrixKernel.StripColumns;

    [SkipLocalsInit]
    public void Execute(int thread, int threads)
    {
        int from = (int)((long)m * thread / threads), to = (int)((long)m * (thread + 1) / threads);
        if (from == to) return;
        var strip = stackalloc float[DepthBlock * Columns + 16];
        strip = (float*)(((nuint)strip + 63) & ~(nuint)63);
        for (var depth = 0; depth < k; depth += DepthBlock)
        {
            var count = Math.Min(DepthBlock, k - depth);
            for (var column = 0; column < n; column += Columns)
            {
                var width = Math.Min(Columns, n - column);
                Copy(b + depth * bK + column, bK, strip, count);
                MatrixKernel.Strip(to - from, width, count, a + from * aRow + depth * aK, aRow, aK, strip, Columns,
                    c + from * cRow + column, cRow, accumulate || depth > 0);
            }
        }
    }

    /// <summary>Whole strips: buffers have room behind their end, and columns that C does not have are not stored.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(float* source, long sourceRow, float* strip, int rows)
    {
        for (var i = 0; i < rows; i++, source += sourceRow, strip += Columns)
        {
            Simd512.Prefetch(source + 16 * sourceRow);
            Vector512.Load(source).Store(strip);
            Vector512.Load(source + 16).Store(strip + 16);
        }
    }
}

/// <summary>Adds the gradient of RMSNorm's input to <c>dx</c>: dx += inv (w dy) - x inv³/n sum(w dy x), for each row.</summary>
internal readonly unsafe struct RmsNormBackwardJob(int rows, int size, float* x, float* weight, float* inverseRoots, float* dy, float* dx) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
            Row(size, x + (long)r * size, weight, inverseRoots[r], dy + (long)r * size, dx + (long)r * size);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Row(int size, float* x, float* weight, float inverse, float* dy, float* dx)
    {
        var shared = VectorMath.Dot(weight, dy, x, size) * inverse * inverse * inverse / size;
        var i = 0;
        Vector512<float> factor = Vector512.Create(inverse), share = Vector512.Create(shared);
        for (; i + 16 <= size; i += 16)
        {
            var own = Vector512.Load(weight + i) * Vector512.Load(dy + i) * factor;
            (Vector512.Load(dx + i) + (own - Vector512.Load(x + i) * share)).Store(dx + i);
        }
        for (; i < size; i++) dx[i] += weight[i] * dy[i] * inverse - x[i] * shared;
    }
}

/// <summary>gradient[i] += sum over rows of dy[r, i] x[r, i] inv[r], rows in order, split over i.</summary>
internal readonly unsafe struct RmsNormWeightJob(int rows, int size, float* x, float* inverseRoots, float* dy, float* gradient) : IParallelJob
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int thread, int threads)
    {
        int from = size * thread / threads, to = size * (thread + 1) / threads;
        for (var r = 0; r < rows; r++)
        {
            float* xr = x + (long)r * size, dr = dy + (long)r * size;
            var i = from;
            var inverse = Vector512.Create(inverseRoots[r]);
            for (; i + 16 <= to; i += 16)
                Vector512.FusedMultiplyAdd(Vector512.Load(dr + i), Vector512.Load(xr + i) * inverse, Vector512.Load(gradient + i)).Store(gradient + i);
            for (; i < to; i++) gradient[i] = MathF.FusedMultiplyAdd(dr[i], xr[i] * inverseRoots[r], gradient[i]);
        }
    }
}

/// <summary>y_i = w_i x_i inv[r]: what the norm gave in the forward pass, from the reciprocal roots that were kept.</summary>
internal readonly unsafe struct NormalizedJob(int rows, int size, float* x, float* weight, float* inverseRoots, float* y) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
            VectorMath.ScaleWeighted(x + (long)r * size, inverseRoots[r], weight, y + (long)r * size, size);
    }
}

/// <summary>
/// Gradients of gate and up from that of silu(gate) * up, with s = sigmoid(gate): dgate = da up s (1 + gate (1 - s)),
/// dup = da gate s. Also computes silu(gate) * up again.
/// </summary>
internal readonly unsafe struct SwiGluBackwardJob(int rows, int size, float* gateUp, float* activatedGradient, float* gateUpGradient, float* activated) : IParallelJob
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Execute(int thread, int threads)
    {
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
        {
            float* gate = gateUp + (long)r * 2 * size, da = activatedGradient + (long)r * size, dg = gateUpGradient + (long)r * 2 * size, y = activated + (long)r * size;
            var i = 0;
            for (; i + 16 <= size; i += 16)
            {
                var (gateGradient, upGradient, value) = Gradient(Vector512.Load(gate + i), Vector512.Load(gate + size + i), Vector512.Load(da + i));
                gateGradient.Store(dg + i);
                upGradient.Store(dg + size + i);
                value.Store(y + i);
            }
            for (; i < size; i++)
            {
                var (gateGradient, upGradient, value) = Gradient(Vector512.Create(gate[i]), Vector512.Create(gate[size + i]), Vector512.Create(da[i]));
                (dg[i], dg[size + i], y[i]) = (gateGradient.GetElement(0), upGradient.GetElement(0), value.GetElement(0));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector512<float> Gate, Vector512<float> Up, Vector512<float> Activated) Gradient(Vector512<float> z, Vector512<float> up, Vector512<float> da)
    {
        var denominator = Vector512<float>.One + VectorMath.Exp(-z);
        var s = Vector512<float>.One / denominator;
        return (da * up * s * (Vector512<float>.One + z * (Vector512<float>.One - s)), da * z * s, z / denominator * up);
    }
}

/// <summary>Turns gradients of queries and keys back and takes them through the head norms (Qwen3), in place.</summary>
internal readonly unsafe struct RotaryBackwardJob(ModelConfig config, PackedLayer layer, RotaryTable rotary, int rows, int* positions, float* raw, float* gradient, float* turned) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        var width = layer.QueryKeyValue.Outputs;
        var size = config.HeadDim;
        var dx = stackalloc float[size];
        for (var r = rows * thread / threads; r < rows * (thread + 1) / threads; r++)
        {
            for (var head = 0; head < config.Heads + config.KvHeads; head++)
            {
                var at = (long)r * width + head * size;
                rotary.Rotate(gradient + at, positions[r], -1);
                var norm = head < config.Heads ? layer.QueryNorm : layer.KeyNorm;
                if (norm == null) continue;
                // The norm's own gradient needs the value before it is overwritten.
                new ReadOnlySpan<float>(gradient + at, size).CopyTo(new Span<float>(turned + at, size));
                new Span<float>(dx, size).Clear();
                RmsNormBackwardJob.Row(size, raw + at, norm, InverseRoot(raw + at, size, config), gradient + at, dx);
                new ReadOnlySpan<float>(dx, size).CopyTo(new Span<float>(gradient + at, size));
            }
        }
    }

    public static float InverseRoot(float* x, int size, ModelConfig config) =>
        1 / MathF.Sqrt(VectorMath.SumOfSquares(x, size) / size + (float)config.RmsNormEps);
}

/// <summary>Gradients of the shared head norms (Qwen3): a sum over rows, then heads, split over the head's dimensions.</summary>
internal readonly unsafe struct HeadNormWeightJob(ModelConfig config, int rows, int width, float* raw, float* turned, float* queryNorm, float* keyNorm) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        var size = config.HeadDim;
        int from = size * thread / threads, to = size * (thread + 1) / threads;
        for (var r = 0; r < rows; r++)
        {
            for (var head = 0; head < config.Heads + config.KvHeads; head++)
            {
                var at = (long)r * width + head * size;
                var inverse = RotaryBackwardJob.InverseRoot(raw + at, size, config);
                var target = head < config.Heads ? queryNorm : keyNorm;
                for (var d = from; d < to; d++) target[d] += turned[at + d] * (raw[at + d] * inverse);
            }
        }
    }
}

/// <summary>target[i] += sum over rows of x[r, i], rows in order, split over i.</summary>
internal readonly unsafe struct SumRowsJob(int rows, int size, float* x, float* target) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        int from = size * thread / threads, to = size * (thread + 1) / threads;
        for (var r = 0; r < rows; r++) VectorMath.Add(target + from, x + (long)r * size + from, to - from);
    }
}

/// <summary>Adds each row's gradient to its token's embedding gradient, rows in order, split over dimensions.</summary>
internal readonly unsafe struct EmbeddingGradientJob(int rows, int size, int* tokens, float* gradient, float* embeddingGradient) : IParallelJob
{
    public void Execute(int thread, int threads)
    {
        int from = size * thread / threads, to = size * (thread + 1) / threads;
        for (var r = 0; r < rows; r++) VectorMath.Add(embeddingGradient + (long)tokens[r] * size + from, gradient + (long)r * size + from, to - from);
    }
}
