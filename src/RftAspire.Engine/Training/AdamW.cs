using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>Settings of <see cref="AdamW"/>.</summary>
public sealed record AdamWSettings
{
    public double Beta1 { get; init; } = 0.9;
    public double Beta2 { get; init; } = 0.95;
    public double Epsilon { get; init; } = 1e-8;
    public double WeightDecay { get; init; }
    /// <summary>Leave norms and biases undecayed.</summary>
    public bool DecayMatricesOnly { get; init; } = true;
}

/// <summary>
/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019):
/// w *= 1 - lr wd; m = b1 m + (1-b1) g; v = b2 v + (1-b2) g²; w -= lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps).
/// </summary>
public sealed unsafe class AdamW(TensorLayout layout, AdamWSettings settings, ThreadTeam team) : IDisposable
{
    private const int NormBlock = 4096;

    /// <summary>Updates made so far.</summary>
    public int Steps { get; set; }
    /// <summary>First moments.</summary>
    public ParameterVector Means { get; } = new(layout);
    /// <summary>Second moments.</summary>
    public ParameterVector Variances { get; } = new(layout);

    /// <summary>One update; returns the gradient's global L2 norm before it was clipped to <paramref name="maxNorm"/>.</summary>
    /// <param name="parameters">The weights, changed in place.</param>
    /// <param name="gradients">Their gradients; left as they are.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="maxNorm">Gradients longer than this are scaled down to it; infinity never clips.</param>
    public double Step(ParameterVector parameters, ParameterVector gradients, double learningRate, double maxNorm = double.PositiveInfinity)
    {
        var norm = Norm(gradients, team);
        Steps++;
        team.Run(new UpdateJob(this, parameters, gradients, (float)learningRate, norm > maxNorm ? (float)(maxNorm / norm) : 1));
        return norm;
    }

    /// <summary>L2 norm, summed over blocks of 4,096 in order, so that it does not depend on threads.</summary>
    public static double Norm(ParameterVector gradients, ThreadTeam team)
    {
        var squares = new float[(gradients.Layout.Length + NormBlock - 1) / NormBlock];
        team.Run(new NormJob(squares, gradients));
        double sum = 0;
        foreach (var square in squares) sum += square;
        return Math.Sqrt(sum);
    }

    public void Dispose()
    {
        Means.Dispose();
        Variances.Dispose();
    }

    private readonly struct NormJob(float[] squares, ParameterVector gradients) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            for (var i = (int)((long)squares.Length * thread / threads); i < (long)squares.Length * (thread + 1) / threads; i++)
            {
                var at = (long)i * NormBlock;
                squares[i] = VectorMath.SumOfSquares(gradients.At(at), (int)Math.Min(NormBlock, gradients.Layout.Length - at));
            }
        }
    }

    private readonly struct UpdateJob(AdamW optimizer, ParameterVector parameters, ParameterVector gradients, float learningRate, float scale) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            foreach (var tensor in parameters.Layout.Tensors)
            {
                long from = (long)tensor.Length * thread / threads, to = (long)tensor.Length * (thread + 1) / threads;
                optimizer.Update(parameters, gradients, tensor.Offset + from, (int)(to - from), tensor.IsMatrix, learningRate, scale);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Update(ParameterVector parameters, ParameterVector gradients, long offset, int count, bool isMatrix, float learningRate, float scale)
    {
        float* w = parameters.At(offset), g = gradients.At(offset), m = Means.At(offset), v = Variances.At(offset);
        float b1 = (float)settings.Beta1, b2 = (float)settings.Beta2, epsilon = (float)settings.Epsilon;
        var keep = isMatrix || !settings.DecayMatricesOnly ? 1 - learningRate * (float)settings.WeightDecay : 1;
        var meanScale = (float)(1 / (1 - Math.Pow(settings.Beta1, Steps)));
        var varianceScale = (float)(1 / (1 - Math.Pow(settings.Beta2, Steps)));
        var i = 0;
        for (; i + 16 <= count; i += 16)
        {
            var gi = Vector512.Load(g + i) * scale;
            var mi = Vector512.Load(m + i) * b1 + gi * (1 - b1);
            var vi = Vector512.Load(v + i) * b2 + gi * gi * (1 - b2);
            mi.Store(m + i);
            vi.Store(v + i);
            (Vector512.Load(w + i) * keep - mi * meanScale * learningRate / (Vector512.Sqrt(vi * varianceScale) + Vector512.Create(epsilon))).Store(w + i);
        }
        for (; i < count; i++)
        {
            var gi = g[i] * scale;
            m[i] = m[i] * b1 + gi * (1 - b1);
            v[i] = v[i] * b2 + gi * gi * (1 - b2);
            w[i] = w[i] * keep - m[i] * meanScale * learningRate / (MathF.Sqrt(v[i] * varianceScale) + epsilon);
        }
    }
}
