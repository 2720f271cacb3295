using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>How products with weights are computed. Sums, softmax, norms and everything else are float32 in both.</summary>
public enum Precision
{
    /// <summary>float32 weights and activations.</summary>
    F32,
    /// <summary>
    /// Weights and activations rounded to bf16 (nearest, ties to even) as they enter a product, keys and values as they are made: half
    /// the bytes, twice the rate.
    /// </summary>
    BF16,
}

/// <summary>Rows that enter a product: their floats, and their bf16 pairs where products are computed in bf16 (else null).</summary>
/// <param name="values">[rows, size].</param>
/// <param name="pairs">[rows, <see cref="BFloat16Pairs.RowStride"/>(size)].</param>
internal readonly unsafe struct ProductRows(float* values, uint* pairs)
{
    public readonly float* Values = values;
    public readonly uint* Pairs = pairs;

    /// <summary>Rounds a part of a row; it begins at an even place.</summary>
    public void Round(int row, int size, int first, int count)
    {
        if (Pairs != null) BFloat16Pairs.Pack(Values + (long)row * size + first, count, Pairs + (long)row * BFloat16Pairs.RowStride(size) + first / 2);
    }
}

/// <summary>A buffer of <see cref="ProductRows"/>.</summary>
internal sealed unsafe class ProductBuffer(int rows, int size, Precision precision) : IDisposable
{
    private readonly NativeBuffer _values = new((long)rows * size);
    private readonly NativeBuffer? _pairs = precision == Precision.BF16 ? new((long)rows * BFloat16Pairs.RowStride(size)) : null;

    public ProductRows Rows => new(_values.Start, _pairs == null ? null : (uint*)_pairs.Start);

    public void Dispose()
    {
        _values.Dispose();
        _pairs?.Dispose();
    }
}

/// <summary>A weight matrix W [outputs, inputs] packed for y = x Wᵀ in one of the precisions; outputs are cut into panels of 32.</summary>
internal sealed unsafe class WeightMatrix : IDisposable
{
    private readonly PackedMatrix? _single;
    private readonly PackedBFloat16Matrix? _half;

    public WeightMatrix(int outputs, int inputs, Precision precision)
    {
        (Outputs, Inputs, Precision) = (outputs, inputs, precision);
        if (precision == Precision.BF16) _half = new PackedBFloat16Matrix(outputs, inputs);
        else _single = new PackedMatrix(outputs, inputs);
    }

    public int Outputs { get; }
    public int Inputs { get; }
    public Precision Precision { get; }
    public int PanelCount => _half?.PanelCount ?? _single!.PanelCount;

    /// <summary>Packs a row-major [outputs, inputs] matrix; thread <paramref name="thread"/> takes its share of the panels.</summary>
    public void Pack(float* weights, int thread, int threads)
    {
        if (_half is not null) _half.Pack(weights, thread, threads);
        else _single!.Pack(weights, thread, threads);
    }

    /// <summary>Columns of y = x Wᵀ in the panels from <paramref name="from"/> up to <paramref name="to"/>, for some rows; added to y when asked.</summary>
    public void Multiply(int from, int to, int firstRow, int rows, ProductRows x, float* y, long yRow, bool accumulate)
    {
        var target = y + firstRow * yRow;
        if (_half is null)
        {
            _single!.Multiply(from, to, rows, x.Values + (long)firstRow * Inputs, target, yRow, accumulate);
            return;
        }
        long stride = BFloat16Pairs.RowStride(Inputs);
        _half.Multiply(from, to, rows, x.Pairs + firstRow * stride, stride, target, yRow, accumulate);
    }

    public void Dispose()
    {
        _single?.Dispose();
        _half?.Dispose();
    }
}
