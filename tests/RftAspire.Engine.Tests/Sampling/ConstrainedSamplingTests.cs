using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Constraints;
using RftAspire.Engine.Tests.Training;
using RftAspire.Engine.Training;
using static RftAspire.Engine.Tests.Constraints.ConstraintBench;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Random models under schemas: they have no idea of JSON, so that all structure comes from the masks.</summary>
public sealed class ConstrainedSamplingTests : IDisposable
{
    private static readonly string[] s_schemas =
    [
        "declared", "optional", "additional", "tuple", "enum of prefixes", "integer range", "string of two to three", "date-time", "union with common beginnings", "linked list", "any",
    ];

    private readonly LearnerBench _bench = new(TinyModels.Random(TinyModels.Config("qwen3", vocabulary: Mixed.VocabSize)));
    private readonly PackedWeights _weights;

    public ConstrainedSamplingTests() => _weights = new PackedWeights(_bench.Learner.Parameters, _bench.Team);

    public void Dispose()
    {
        _weights.Dispose();
        _bench.Dispose();
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(0.7, 0, 0.9)]
    [InlineData(1.5, 40, 1)]
    public void Sample_ManySchemasInOneBatch_EveryTextThatEndsIsValid(double temperature, int topK, double topP)
    {
        var requests = s_schemas.Select((name, i) => Request(i, name) with { Count = 24, MaxTokens = 150, Temperature = temperature, TopK = topK, TopP = topP }).ToList();
        foreach (var (name, completions) in s_schemas.Zip(Sample(requests)))
        {
            var ended = completions.Where(completion => completion.Stopped).ToList();
            Assert.True(ended.Count >= 8, $"{name}: only {ended.Count} of 24 came to an end");
            Assert.All(ended, completion =>
            {
                Assert.Equal(End(Mixed), completion.Tokens[^1]);
                var text = Mixed.Decode(completion.Tokens.AsSpan()[..^1]);
                Assert.True(SchemaValidator.IsValid(SchemaCase.Find(name).Schema, text), $"{name}: {text}");
            });
            Assert.All(completions.Except(ended), completion => Assert.Equal(150, completion.Tokens.Length));
        }
    }

    [Fact]
    public void Sample_TokenLimit_CutsTheBeginningOfAValidText()
    {
        var request = Request(1, "linked list") with { Count = 6, MaxTokens = 4 };
        Assert.All(Sample([request])[0], completion =>
        {
            Assert.Equal((4, false), (completion.Tokens.Length, completion.Stopped));
            Assert.False(completion.Tokens.Aggregate(request.Constraint!.Start, request.Constraint.Advance).IsComplete);
        });
    }

    [Fact]
    public void Sample_CompleteDocument_IsFollowedByTheEndTokenAlone()
    {
        var completions = Sample([Request(1, "closed tuple") with { Count = 12, MaxTokens = 40 }])[0];
        Assert.All(completions, completion =>
        {
            Assert.True(completion.Stopped);
            Assert.Equal("[null,null]<end>", Mixed.Decode(completion.Tokens).Replace(" ", "", StringComparison.Ordinal));
        });
    }

    [Fact]
    public void Sample_RecordedLogprobs_AreTheLearnersOfTheWholeDistribution()
    {
        foreach (var temperature in new[] { 1.0, 0.7, 0 })
        {
            var requests = s_schemas.Select((name, i) => Request(i, name) with { Temperature = temperature, TopP = 0.95 }).ToList();
            var sampled = Sample(requests);
            var groups = requests.Select((request, i) => new TrainingGroup(request.Prompt, [.. sampled[i].Select(c => c.Tokens)])).ToList();
            var learned = _bench.Learner.Logprobs(groups, temperature > 0 ? temperature : 1);
            Assert.Equal(sampled.SelectMany(group => group).Select(c => c.Logprobs), learned);
        }
    }

    [Fact]
    public void Sample_AnyBatchCompositionAndThreads_SameCompletions()
    {
        var requests = s_schemas.Select((name, i) => Request(i, name)).ToList();
        var together = Sample(requests);
        using var wide = new LearnerBench(TinyModels.Random(TinyModels.Config("qwen3", vocabulary: Mixed.VocabSize)), threads: 4);
        using var weights = new PackedWeights(wide.Learner.Parameters, wide.Team);
        for (var i = 0; i < requests.Count; i++)
        {
            // A constraint of its own: what others have worked out before must not show.
            var alone = Request(i, s_schemas[i]);
            AssertSame(together[i], new Sampler(weights, wide.Team).Sample([alone])[0]);
        }
        AssertSame(together[2], Sample([requests[5], requests[2]])[1]);
    }

    [Fact]
    public void Sample_NeighboursUnderSchemas_LeaveAFreeCompletionAsItIs()
    {
        var free = Request(3, "any") with { Constraint = null, Count = 5, TopP = 0.9 };
        AssertSame(Sample([free])[0], Sample([Request(1, "any"), free, Request(2, "declared")])[1]);
        AssertSame(Sample([free])[0], Sample([free with { Constraint = null }, free with { Constraint = Constrain("{}") }])[0]);
    }

    [Fact]
    public void Sample_TemperatureZero_TakesTheLikeliestAllowedEachTime()
    {
        foreach (var name in s_schemas)
        {
            var request = Request(4, name) with { Count = 1, Temperature = 0 };
            var completion = Sample([request])[0][0];
            var logits = _bench.Learner.Logits([.. request.Prompt, .. completion.Tokens]);
            var state = request.Constraint!.Start;
            for (var i = 0; i < completion.Tokens.Length; i++)
            {
                var row = logits.AsSpan((request.Prompt.Length - 1 + i) * Mixed.VocabSize, Mixed.VocabSize).ToArray();
                Assert.Equal(request.Constraint.Allowed(state).MaxBy(token => row[token]), completion.Tokens[i]);
                state = request.Constraint.Advance(state, completion.Tokens[i]);
            }
            Assert.Equal(completion.Tokens, Sample([request with { Temperature = 1, TopK = 1 }])[0][0].Tokens);
        }
    }

    /// <summary>At such a temperature every token but the likeliest has probability 0 as a float, and that one is seldom allowed.</summary>
    [Fact]
    public void Sample_AllowedTokensTooUnlikelyForAFloat_TakesTheLikeliestOfThem()
    {
        var requests = s_schemas.Select((name, i) => Request(i, name) with { Temperature = 1e-6, Count = 1 }).ToList();
        var sampled = Sample(requests).Select(group => group[0]).ToList();
        Assert.Contains(sampled, completion => completion.Logprobs[0] < -1000);
        Assert.Equal(Sample([.. requests.Select(request => request with { Temperature = 0 })]).Select(group => group[0].Tokens), sampled.Select(completion => completion.Tokens));
    }

    [Fact]
    public void Step_KnownStates_AllocatesNothing()
    {
        using var team = new ThreadTeam(1);
        using var batch = new DecodingBatch(_weights, team);
        var constraint = Constrain("""{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"id":{"type":"integer"}},"required":["name","id"]},"minItems":1000}""");
        var request = Request(1, "any") with { Constraint = constraint, Count = 8, MaxTokens = 90, TopP = 0.9 };
        Decode();
        Assert.Equal(0, Decode());

        long Decode()
        {
            var done = false;
            batch.Admit([new BatchEntry(request, _ => done = true, error => throw error)]);
            for (var i = 0; i < 8; i++) batch.Step();
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 80; i++) batch.Step();
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.False(done);
            batch.Step();
            Assert.True(done);
            return allocated;
        }
    }

    private static SampleRequest Request(int i, string name) => new()
    {
        Prompt = TinyModels.Tokens(i, 4 + 3 * i, Mixed.VocabSize),
        Count = 3,
        MaxTokens = 40,
        Key = RandomKey.FromSeed(i),
        Constraint = Constrain(SchemaCase.Find(name).Schema),
    };

    private IReadOnlyList<Completion>[] Sample(IReadOnlyList<SampleRequest> requests) => new Sampler(_weights, _bench.Team).Sample(requests);

    private static void AssertSame(IReadOnlyList<Completion> left, IReadOnlyList<Completion> right)
    {
        Assert.Equal(left.Select(c => c.Tokens), right.Select(c => c.Tokens));
        Assert.Equal(left.Select(c => c.Logprobs), right.Select(c => c.Logprobs));
        Assert.Equal(left.Select(c => c.Stopped), right.Select(c => c.Stopped));
    }
}
