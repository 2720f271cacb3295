using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Tests.Training;

namespace RftAspire.Engine.Tests.Checkpoints;

public sealed class FusedProjectionsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A Phi-3 folder is the Llama one with q, k, v and gate, up put together, and computes the same.</summary>
    [Fact]
    public void Load_Phi3_ComputesAsTheLlamaOfItsParts()
    {
        var config = TinyModels.Config("llama");
        using var llama = TinyModels.Random(config);
        using var phi = new Parameters(new ParameterLayout(config with { ModelType = "phi3" }));
        foreach (var tensor in phi.Layout.Tensors) Parts(tensor.Name).SelectMany(part => llama.Tensor(part).ToArray()).ToArray().CopyTo(phi.Tensor(tensor));
        CheckpointFolder.Save(_folder.File("phi"), phi, DType.F32);

        using (var file = SafetensorsFile.Open(_folder.File("phi/model.safetensors")))
        {
            Assert.Equal([(4 + 2 * 2) * 12L, 48], file.Tensors["model.layers.1.self_attn.qkv_proj.weight"].Shape);
            Assert.Equal([144L, 48], file.Tensors["model.layers.1.mlp.gate_up_proj.weight"].Shape);
            Assert.DoesNotContain(file.Tensors.Keys, name => name.Contains("q_proj", StringComparison.Ordinal) || name.Contains("up_proj.", StringComparison.Ordinal) && !name.Contains("gate_up", StringComparison.Ordinal));
        }
        using var expected = new LearnerBench(TinyModels.Random(config));
        using var actual = new LearnerBench(CheckpointFolder.Load(_folder.File("phi")));
        var tokens = TinyModels.Tokens(3, 20, config.VocabSize);
        Assert.Equal(expected.Learner.Logits(tokens), actual.Learner.Logits(tokens));
    }

    private static IEnumerable<string> Parts(string name)
    {
        var fused = name.Contains("qkv_proj", StringComparison.Ordinal) ? "qkv_proj" : name.Contains("gate_up_proj", StringComparison.Ordinal) ? "gate_up_proj" : "";
        string parts = fused switch { "qkv_proj" => "q_proj k_proj v_proj", "gate_up_proj" => "gate_proj up_proj", _ => "" };
        return parts.Length == 0 ? [name] : parts.Split(' ').Select(part => name.Replace(fused, part, StringComparison.Ordinal));
    }
}
