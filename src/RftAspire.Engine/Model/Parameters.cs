using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>A model's float32 parameters (or their gradients, or an optimizer's moments) as one flat vector.</summary>
public sealed unsafe class Parameters : IDisposable
{
    private readonly NativeBuffer _values;

    public Parameters(ParameterLayout layout)
    {
        Layout = layout;
        _values = new NativeBuffer(layout.Length);
    }

    public ParameterLayout Layout { get; }
    internal NativeBuffer Values => _values;

    /// <summary>
    /// Fresh weights: normal with deviation 0.02, the projections that end a residual branch divided by sqrt(2 layers) as in GPT-2,
    /// norms 1, biases 0.
    /// </summary>
    public static Parameters Random(ModelConfig config, RandomKey key)
    {
        var parameters = new Parameters(new ParameterLayout(config));
        var index = 0;
        foreach (var tensor in parameters.Layout.Tensors)
        {
            var values = parameters.Tensor(tensor);
            var tensorKey = key.Derive(index++);
            if (!tensor.IsMatrix)
            {
                values.Fill(tensor.Name.EndsWith("bias", StringComparison.Ordinal) ? 0 : 1);
                continue;
            }
            var endsBranch = tensor.Name.Contains("o_proj", StringComparison.Ordinal) || tensor.Name.Contains("down_proj", StringComparison.Ordinal);
            var deviation = 0.02 / (endsBranch ? Math.Sqrt(2.0 * config.Layers) : 1);
            for (var i = 0; i < values.Length; i++) values[i] = (float)(tensorKey.Normal(i) * deviation);
        }
        return parameters;
    }

    public Span<float> Tensor(ParameterTensor tensor) => _values.Span(tensor.Offset, tensor.Length);

    public Span<float> Tensor(string name) => Tensor(Layout.Tensors.Single(t => t.Name == name));

    /// <summary>A copy by Hugging Face names.</summary>
    public IReadOnlyDictionary<string, float[]> ToWeights() =>
        Layout.Tensors.ToDictionary(tensor => tensor.Name, tensor => Tensor(tensor).ToArray());

    public void Clear() => _values.Clear();

    public void Dispose() => _values.Dispose();

    internal float* At(long offset) => offset < 0 ? null : _values.Start + offset;
}
