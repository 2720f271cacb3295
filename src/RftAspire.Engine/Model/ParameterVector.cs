using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>Float32 values of a layout's tensors as one flat vector: what is trained, its gradients, or an optimizer's moments.</summary>
public unsafe class ParameterVector : IDisposable
{
    private readonly NativeBuffer _values;

    public ParameterVector(TensorLayout layout)
    {
        Layout = layout;
        _values = new NativeBuffer(layout.Length);
    }

    public virtual TensorLayout Layout { get; }

    public Span<float> Tensor(ParameterTensor tensor) => _values.Span(tensor.Offset, tensor.Length);

    public Span<float> Tensor(string name) => Tensor(Layout.Tensors.Single(t => t.Name == name));

    /// <summary>A copy by the tensors' names.</summary>
    public IReadOnlyDictionary<string, float[]> ToWeights() =>
        Layout.Tensors.ToDictionary(tensor => tensor.Name, tensor => Tensor(tensor).ToArray());

    public void Clear() => _values.Clear();

    public void Dispose()
    {
        _values.Dispose();
        GC.SuppressFinalize(this);
    }

    internal float* At(long offset) => offset < 0 ? null : _values.Start + offset;
}
