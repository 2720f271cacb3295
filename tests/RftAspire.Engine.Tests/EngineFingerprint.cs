using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests;

/// <summary>A digest of everything the engine computes: sampled tokens, their log-probabilities, and weights after training on them.</summary>
internal static class EngineFingerprint
{
    /// <summary>Run as a program, the tests print the width of vector registers and the fingerprint; so it can be taken with other processor features.</summary>
    public static void Main()
    {
        Console.WriteLine(Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128);
        Console.WriteLine(Compute());
    }

    public static string Compute()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var precision in Enum.GetValues<Precision>())
        {
            foreach (var type in new[] { "llama", "qwen3" }) Add(hash, type, precision);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Add(IncrementalHash hash, string type, Precision precision)
    {
        var config = TinyModels.Config(type);
        using var team = new ThreadTeam(2);
        using var parameters = TinyModels.Random(config);
        var groups = Sample(parameters, team, precision);
        using var trainer = new PolicyTrainer(parameters, null, team, new AdamWSettings(), precision);
        foreach (var group in groups)
        {
            foreach (var completion in group.Completions) hash.AppendData(MemoryMarshal.AsBytes<int>(completion));
            foreach (var logprobs in group.SamplingLogprobs) hash.AppendData(MemoryMarshal.AsBytes<float>(logprobs));
        }
        for (var step = 0; step < 2; step++) trainer.Step(groups, new PolicyStepSettings { LearningRate = 1e-3, MaxCompletionTokens = 40 });
        foreach (var tensor in parameters.Layout.Tensors) hash.AppendData(MemoryMarshal.AsBytes(parameters.Tensor(tensor)));
    }

    private static List<RolloutGroup> Sample(Parameters parameters, ThreadTeam team, Precision precision)
    {
        using var weights = new PackedWeights(parameters, team, precision);
        var requests = Enumerable.Range(0, 5).Select(i => new SampleRequest
        {
            Prompt = TinyModels.Tokens(i, 3 + 17 * i, parameters.Layout.Config.VocabSize),
            Count = 3,
            MaxTokens = 37,
            TopP = 0.95,
            Key = RandomKey.FromSeed(i),
        }).ToList();
        return [.. new Sampler(weights, team).Sample(requests).Select((completions, i) => new RolloutGroup(requests[i].Prompt,
            [.. completions.Select(c => c.Tokens)], [.. completions.Select(c => c.Logprobs)], [0, 1, 0.5]))];
    }
}
