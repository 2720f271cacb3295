using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>A model's float32 parameters as one flat vector.</summary>
public sealed class Parameters(ParameterLayout layout) : ParameterVector(layout)
{
    public override ParameterLayout Layout => (ParameterLayout)base.Layout;

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
}
