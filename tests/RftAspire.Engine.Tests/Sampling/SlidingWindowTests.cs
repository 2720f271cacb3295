using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Numerics;
using RftAspire.Engine.Tests.Training;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Windows whose edge falls on any side of a block, a unit of rows and the end of the prompt; equality to the last bit.</summary>
public sealed class SlidingWindowTests
{
    private static readonly int[] s_prompts = [120, 1, 31, 32, 33, 64, 100];

    public static TheoryData<int> Windows => [1, 2, 17, 31, 32, 33, 50, 64, 65, 100, 1000];

    [Theory, MemberData(nameof(Windows))]
    public void Sample_Window_LogprobsEqualTheLearners(int window)
    {
        var config = TinyModels.Config("mistral") with { SlidingWindow = window };
        using var bench = new LearnerBench(TinyModels.Random(config));
        // Prompts that begin alike share blocks; groups of up to 20 rows are cut into units of 16.
        var prompt = TinyModels.Tokens(1, 120, config.VocabSize);
        var requests = s_prompts.Select((length, i) => new SampleRequest
        {
            Prompt = prompt[..length],
            Count = i == 0 ? 20 : 1 + i % 3,
            MaxTokens = 72,
            Key = RandomKey.FromSeed(i),
        }).ToList();
        var together = Sample(bench, requests);
        var groups = requests.Select((request, i) => new TrainingGroup(request.Prompt, [.. together[i].Select(c => c.Tokens)])).ToList();
        Assert.Equal(together.SelectMany(group => group).Select(c => c.Logprobs), bench.Learner.Logprobs(groups));
        for (var i = 0; i < requests.Count; i++)
        {
            var alone = Sample(bench, [requests[i] with { Count = 1 }])[0][0];
            Assert.Equal(together[i][0].Tokens, alone.Tokens);
            Assert.Equal(together[i][0].Logprobs, alone.Logprobs);
            // As one prompt without a cache or a completion of its own.
            var logits = bench.Learner.Logits([.. requests[i].Prompt, .. alone.Tokens]);
            for (var t = 0; t < alone.Tokens.Length; t += 7)
            {
                var row = logits.AsSpan((requests[i].Prompt.Length + t - 1) * config.VocabSize, config.VocabSize);
                Assert.Equal(alone.Logprobs[t], Logprob(row, alone.Tokens[t]));
            }
        }
    }

    [Theory, MemberData(nameof(Windows))]
    public void Logits_OneLayer_DependOnTheWindowAlone(int window)
    {
        const int length = 130, changed = 20;
        var config = TinyModels.Config("mistral") with { SlidingWindow = window, Layers = 1 };
        using var bench = new LearnerBench(TinyModels.Random(config));
        var tokens = TinyModels.Tokens(5, length, config.VocabSize);
        var before = bench.Learner.Logits(tokens);
        tokens[changed] = (tokens[changed] + 1) % config.VocabSize;
        var after = bench.Learner.Logits(tokens);
        for (var p = 0; p < length; p++)
        {
            var row = (p * config.VocabSize)..((p + 1) * config.VocabSize);
            Assert.Equal(p < changed || p >= changed + window, before.AsSpan(row).SequenceEqual(after.AsSpan(row)));
        }
    }

    [Fact]
    public void Logits_WindowOfTheContext_EqualThoseWithoutOne()
    {
        var config = TinyModels.Config("mistral");
        var tokens = TinyModels.Tokens(5, 90, config.VocabSize);
        float[] Logits(int? window)
        {
            using var bench = new LearnerBench(TinyModels.Random(config with { SlidingWindow = window }));
            return bench.Learner.Logits(tokens);
        }
        Assert.Equal(Logits(null), Logits(90));
        Assert.NotEqual(Logits(null), Logits(89));
    }

    private static IReadOnlyList<Completion>[] Sample(LearnerBench bench, List<SampleRequest> requests)
    {
        using var weights = new PackedWeights(bench.Learner.Parameters, bench.Team);
        return new Sampler(weights, bench.Team).Sample(requests);
    }

    private static unsafe float Logprob(ReadOnlySpan<float> logits, int token)
    {
        using NativeBuffer row = FloatRows.Of(logits), numerators = new(TokenDistribution.RoundUp(logits.Length));
        return new TokenDistribution(row.Start, logits.Length, 1, numerators.Start).Logprob(token);
    }
}
