using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>The sampler's log-probabilities are the learner's at real sizes: 5M parameters (T) and 135M (S).</summary>
public sealed class ShapeTests
{
    private static readonly ModelConfig s_t = new()
    {
        ModelType = "llama",
        HiddenSize = 256,
        IntermediateSize = 704,
        Layers = 6,
        Heads = 8,
        KvHeads = 4,
        HeadDim = 32,
        VocabSize = 2048,
        TieWordEmbeddings = true,
    };

    private static readonly ModelConfig s_s = s_t with { HiddenSize = 576, IntermediateSize = 1536, Layers = 30, Heads = 9, KvHeads = 3, HeadDim = 64, VocabSize = 49152 };

    [Theory]
    [InlineData(Precision.F32)]
    [InlineData(Precision.BF16)]
    public void Sample_ShapeT_LogprobsEqualTheLearnersWithAndWithoutSharing(Precision precision) => Check(s_t, precision);

    [Theory]
    [InlineData(Precision.F32)]
    [InlineData(Precision.BF16)]
    public void Sample_ShapeS_LogprobsEqualTheLearnersWithAndWithoutSharing(Precision precision) => Check(s_s, precision);

    private static void Check(ModelConfig config, Precision precision)
    {
        using var team = new ThreadTeam(2);
        using var parameters = Random(config, team);
        using var weights = new PackedWeights(parameters, team, precision);
        using var learner = new Learner(parameters, weights, team);
        // All prompts begin with 40 tokens in common; the last is the first again.
        var instruction = TinyModels.Tokens(1, 40, config.VocabSize);
        int[][] prompts = [[.. instruction, 5, 6, 7], [.. instruction, .. TinyModels.Tokens(2, 30, config.VocabSize)], [.. instruction, 5, 6, 7]];
        var requests = prompts.Select((prompt, i) => new SampleRequest { Prompt = prompt, Count = 3, MaxTokens = 12 + i, Key = RandomKey.FromSeed(i) }).ToArray();
        var sampler = new Sampler(weights, team);
        var together = sampler.Sample(requests).SelectMany(group => group).Select(completion => completion.Logprobs).ToArray();
        var alone = requests.SelectMany(request => sampler.Sample([request])[0]).Select(completion => completion.Logprobs).ToArray();
        var groups = sampler.Sample(requests).Select((completions, i) => new TrainingGroup(prompts[i], [.. completions.Select(c => c.Tokens)])).ToList();
        Assert.Equal(alone, together);
        Assert.Equal(learner.Logprobs(groups), together);
    }

    /// <summary>Uniform weights with the deviation 1 / sqrt(inputs), several threads at once.</summary>
    private static Parameters Random(ModelConfig config, ThreadTeam team)
    {
        var parameters = new Parameters(new ParameterLayout(config));
        team.Run(new FillJob(parameters));
        return parameters;
    }

    private readonly struct FillJob(Parameters parameters) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            for (var t = thread; t < parameters.Layout.Tensors.Count; t += threads)
            {
                var (tensor, key) = (parameters.Layout.Tensors[t], RandomKey.FromSeed(t));
                var values = parameters.Tensor(tensor);
                var spread = tensor.IsMatrix ? 2 * Math.Sqrt(3.0 / tensor.Shape[1]) : 0;
                for (var i = 0; i < values.Length; i++) values[i] = tensor.IsMatrix ? (float)((key.Uniform(i) - 0.5) * spread) : 1;
            }
        }
    }
}
