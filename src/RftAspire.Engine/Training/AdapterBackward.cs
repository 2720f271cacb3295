using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// The way back through y = x Wᵀ + s t Bᵀ, t = x Aᵀ, beside that through W: dt = s dy B, dx += dt A, dB += s dyᵀ t, dA += dtᵀ x.
/// t is computed again rather than kept. Both calls about a product follow each other.
/// </summary>
internal sealed unsafe class AdapterBackward(LoraAdapter adapter, PackedAdapter packed, ParameterVector gradients, ThreadTeam team)
{
    private int Rank => adapter.Layout.Settings.Rank;

    /// <summary>dt into the scratch, and its share added to <paramref name="dx"/> unless that is null.</summary>
    /// <param name="layer">Index of the layer.</param>
    /// <param name="which">The product.</param>
    /// <param name="scratch">Where dt is kept for <see cref="WeightGradient"/>.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="outputs">Floats between rows of dy.</param>
    /// <param name="dy">[rows, outputs].</param>
    /// <param name="dx">[rows, inputs].</param>
    public void InputGradient(int layer, LayerProduct which, LayerScratch scratch, int rows, int outputs, float* dy, float* dx)
    {
        if (adapter.Layout.Product(layer, which) is not { } product) return;
        var dt = scratch.LoraGradient;
        foreach (var part in product.Parts)
        {
            team.Run(new ProductJob(rows, Rank, part.Outputs, dy + part.FirstOutput, outputs, 1, adapter.At(part.B), Rank,
                dt + part.Column, product.Columns, accumulate: false));
        }
        Scale(rows, product, dt);
        if (dx != null)
            team.Run(new ProductJob(rows, product.Inputs, product.Columns, dt, product.Columns, 1, adapter.At(product.A), product.Inputs, dx, product.Inputs, accumulate: true));
    }

    /// <summary>Adds dA and dB to the gradients; dt is there from <see cref="InputGradient"/>.</summary>
    public void WeightGradient(int layer, LayerProduct which, LayerScratch scratch, int rows, int outputs, float* x, float* dy)
    {
        if (adapter.Layout.Product(layer, which) is not { } product) return;
        packed.Begin(layer, which, rows, x, scratch.LoraColumns, team);
        Scale(rows, product, scratch.LoraColumns);
        foreach (var part in product.Parts)
        {
            team.Run(new ProductJob(part.Outputs, Rank, rows, dy + part.FirstOutput, 1, outputs, scratch.LoraColumns + part.Column, product.Columns,
                gradients.At(part.B), Rank, accumulate: true));
        }
        team.Run(new ProductJob(product.Columns, product.Inputs, rows, scratch.LoraGradient, 1, product.Columns, x, product.Inputs,
            gradients.At(product.A), product.Inputs, accumulate: true));
    }

    private void Scale(int rows, LoraProduct product, float* values) =>
        team.Run(new ScaleJob((long)rows * product.Columns, (float)adapter.Layout.Settings.Scale, values));

    private readonly struct ScaleJob(long count, float factor, float* values) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            long from = count * thread / threads, to = count * (thread + 1) / threads;
            VectorMath.Scale(values + from, factor, (int)(to - from));
        }
    }
}
