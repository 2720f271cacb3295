using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Training;

namespace RftAspire.Engine.Tests.Sampling;

public sealed class SamplerTests : IDisposable
{
    private const int Vocabulary = 101;
    private readonly LearnerBench _bench = new(TinyModels.Random(TinyModels.Config("qwen2")));
    private readonly PackedWeights _weights;

    public SamplerTests() => _weights = new PackedWeights(_bench.Learner.Parameters, _bench.Team);

    public void Dispose()
    {
        _weights.Dispose();
        _bench.Dispose();
    }

    private static SampleRequest Request { get; } = new() { Prompt = TinyModels.Tokens(3, 6, Vocabulary), MaxTokens = 15 };

    [Fact]
    public void Sample_TemperatureZero_TakesTheLikeliestEachTime()
    {
        var completion = One(Request with { Temperature = 0 });
        var logits = _bench.Learner.Logits([.. Request.Prompt, .. completion.Tokens]);
        for (var i = 0; i < completion.Tokens.Length; i++)
        {
            var row = logits.AsSpan((Request.Prompt.Length - 1 + i) * Vocabulary, Vocabulary).ToArray();
            Assert.Equal(Array.IndexOf(row, row.Max()), completion.Tokens[i]);
        }
        Assert.Equal(_bench.Learner.Logprobs([new(Request.Prompt, [completion.Tokens])])[0], completion.Logprobs);
    }

    [Fact]
    public void Sample_EqualLogits_GreedyTakesTheLowestId()
    {
        // Without weights behind it every token is equally likely.
        _bench.Learner.Parameters.Clear();
        using var weights = new PackedWeights(_bench.Learner.Parameters, _bench.Team);
        var completion = new Sampler(weights, _bench.Team).Sample([Request with { Temperature = 0, MaxTokens = 3 }])[0][0];
        Assert.Equal([0, 0, 0], completion.Tokens);
        Assert.All(completion.Logprobs, logprob => Assert.Equal(-Math.Log(Vocabulary), logprob, 1e-6));
    }

    [Fact]
    public void Sample_TopKOfOne_EqualsGreedy()
    {
        var greedy = One(Request with { Temperature = 0 });
        Assert.Equal(greedy.Tokens, One(Request with { TopK = 1 }).Tokens);
        Assert.Equal(greedy.Tokens, One(Request with { TopP = 1e-6 }).Tokens);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.6)]
    public void Sample_ManyCompletions_FollowTheProbabilities(double temperature)
    {
        const int count = 6000;
        var tokens = Sample(Request with { Count = count, MaxTokens = 1, Temperature = temperature }).Select(c => c.Tokens[0]).ToList();
        var logits = _bench.Learner.Logits(Request.Prompt).AsSpan((Request.Prompt.Length - 1) * Vocabulary).ToArray();
        var weights = logits.Select(z => Math.Exp(z / temperature)).ToArray();
        var (chiSquare, cells, rest, restExpected) = (0.0, 0, 0, 0.0);
        for (var token = 0; token < Vocabulary; token++)
        {
            var (expected, seen) = (count * weights[token] / weights.Sum(), tokens.Count(t => t == token));
            if (expected < 5)
            {
                (rest, restExpected) = (rest + seen, restExpected + expected);
                continue;
            }
            chiSquare += (seen - expected) * (seen - expected) / expected;
            cells++;
        }
        Assert.InRange(cells, 10, Vocabulary);
        Assert.InRange(chiSquare, 0, cells + 5 * Math.Sqrt(2 * cells));
        Assert.Equal(restExpected, rest, 5 * Math.Sqrt(restExpected + 1));
    }

    [Fact]
    public void Sample_StopToken_EndsTheCompletionAndIsItsLast()
    {
        var whole = Sample(Request with { Count = 4 });
        var stop = whole[1].Tokens[4];
        var stopped = Sample(Request with { Count = 4, StopTokens = [stop, 100_000] });
        foreach (var (full, cut) in whole.Zip(stopped))
        {
            var at = Array.IndexOf(full.Tokens, stop);
            Assert.Equal(at < 0 ? full.Tokens : full.Tokens[..(at + 1)], cut.Tokens);
            Assert.Equal(full.Logprobs[..cut.Tokens.Length], cut.Logprobs);
            Assert.Equal(at >= 0, cut.Stopped);
        }
        Assert.InRange(stopped[1].Tokens.Length, 1, 5);
    }

    [Fact]
    public void Sample_StopWhen_SeesEveryTokenAndEndsTheCompletion()
    {
        var seen = new List<int>();
        var completion = One(Request with
        {
            StopWhen = tokens =>
            {
                seen.Add(tokens.Count);
                return tokens.Count == 7;
            },
        });
        Assert.Equal(One(Request).Tokens[..7], completion.Tokens);
        Assert.Equal(Enumerable.Range(1, 7), seen);
        Assert.True(completion.Stopped);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(250)]
    public void Sample_MaxTokens_EndsTheCompletionUnstopped(int maxTokens)
    {
        var completion = One(Request with { MaxTokens = maxTokens });
        Assert.Equal((maxTokens, false), (completion.Tokens.Length, completion.Stopped));
    }

    [Fact]
    public void Sample_KeyAndIndex_DecideTheTokens()
    {
        var group = Sample(Request with { Count = 3 });
        Assert.Equal([0, 1, 2], group.Select(c => c.Index));
        Assert.Equal(3, group.Select(c => string.Join(',', c.Tokens)).Distinct().Count());
        Assert.Equal(group[0].Tokens, One(Request).Tokens);
        Assert.NotEqual(group[0].Tokens, One(Request with { Key = RandomKey.FromSeed(1) }).Tokens);
    }

    [Fact]
    public void Sample_Cancelled_Throws() =>
        Assert.Throws<OperationCanceledException>(() => new Sampler(_weights, _bench.Team).Sample([Request], new CancellationToken(canceled: true)));

    private IReadOnlyList<Completion> Sample(SampleRequest request) => new Sampler(_weights, _bench.Team).Sample([request])[0];

    private Completion One(SampleRequest request) => Assert.Single(Sample(request));
}
