using RftAspire.Engine.Constraints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Constraints;
using RftAspire.Engine.Tests.Training;
using static RftAspire.Engine.Tests.Constraints.ConstraintBench;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Schemas that turn out too ambiguous while they are decoded, here by a lowered limit of work.</summary>
public sealed class ConstraintFailureTests : IDisposable
{
    private readonly LearnerBench _bench = new(TinyModels.Random(TinyModels.Config("llama", vocabulary: Mixed.VocabSize)));
    private readonly PackedWeights _weights;
    private readonly List<SchemaException> _failures = [];
    private readonly List<IReadOnlyList<Completion>> _done = [];

    public ConstraintFailureTests() => _weights = new PackedWeights(_bench.Learner.Parameters, _bench.Team);

    public void Dispose()
    {
        _weights.Dispose();
        _bench.Dispose();
    }

    [Fact]
    public void Admit_FirstMaskTooMuchWork_FailsTheGroupAlone()
    {
        using var batch = new DecodingBatch(_weights, _bench.Team);
        Assert.Equal(3, batch.Admit([Entry(Free), Entry(Free with { Constraint = Limited("{}", 60) }), Entry(Valid)]));
        Assert.Contains("too many readings", Assert.Single(_failures).Message, StringComparison.Ordinal);
        Assert.Equal(Free.Count + Valid.Count, batch.Active);
        Assert.Equal(batch.Active, batch.TokensSampled);
        while (batch.Step()) { }
        AssertOthersAreWhatTheyAreAlone();
    }

    [Fact]
    public void Step_LaterMaskTooMuchWork_FailsTheGroupAlone()
    {
        using var batch = new DecodingBatch(_weights, _bench.Team);
        batch.Admit([Entry(Free), Entry(Failing), Entry(Valid)]);
        Assert.Empty(_failures);
        Assert.Equal(Free.Count + Failing.Count + Valid.Count, batch.Active);
        while (_failures.Count == 0) Assert.True(batch.Step());
        Assert.InRange(batch.Active, 1, Free.Count + Valid.Count);
        while (batch.Step()) { }
        Assert.Single(_failures);
        AssertOthersAreWhatTheyAreAlone();
    }

    /// <summary>One completion gives up at a place that the others of its group do not come to, after some of them have ended.</summary>
    [Fact]
    public void Step_OneCompletionFails_TheGroupIsNeverDone()
    {
        using var batch = new DecodingBatch(_weights, _bench.Team);
        var ambiguous = Free with { Count = 40, Constraint = Limited("""{"anyOf":[{"enum":[1,12]},{"type":"object","properties":{"name":{}},"required":["name"]}]}""", 100) };
        batch.Admit([Entry(ambiguous)]);
        while (batch.Active == ambiguous.Count) Assert.True(batch.Step());
        Assert.InRange(batch.Active, 1, ambiguous.Count - 1);
        while (batch.Step()) { }
        Assert.Single(_failures);
        Assert.Empty(_done);
    }

    [Fact]
    public void Step_FailedGroup_GivesItsMemoryBack()
    {
        var cacheBytes = CacheOf(Failing);
        using var batch = new DecodingBatch(_weights, _bench.Team, cacheBytes);
        for (var round = 1; round <= 3; round++)
        {
            Assert.Equal(1, batch.Admit([Entry(Failing with { Prompt = TinyModels.Tokens(round, 70, Mixed.VocabSize) })]));
            while (batch.Step()) { }
            Assert.Equal(round, _failures.Count);
        }
        var whole = Failing with { Constraint = null, StopTokens = [] };
        Assert.Equal(1, batch.Admit([Entry(whole)]));
        while (batch.Step()) { }
        Assert.All(Assert.Single(_done), completion => Assert.Equal(whole.MaxTokens, completion.Tokens.Length));
    }

    [Fact]
    public void Sample_SchemaThatFails_Throws()
    {
        var error = Assert.Throws<SchemaException>(() => new Sampler(_weights, _bench.Team).Sample([Free, Failing]));
        Assert.Contains("too many readings", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Admit_ConstraintThatDoesNotFit_IsRefused()
    {
        using var batch = new DecodingBatch(_weights, _bench.Team);
        var foreign = Free with { Constraint = Constrain("{}", Bytes) };
        Assert.Contains($"the constraint is for {Bytes.VocabSize} tokens, the model has {Mixed.VocabSize}",
            Assert.Throws<ArgumentException>(() => batch.Admit([Entry(foreign)])).Message, StringComparison.Ordinal);
        Assert.Contains("whom to tell", Assert.Throws<ArgumentException>(() => batch.Admit([Entry(Free), new BatchEntry(Valid, _done.Add)])).Message, StringComparison.Ordinal);
        Assert.Equal(0, batch.Active);
    }

    private static SampleRequest Free { get; } = new() { Prompt = TinyModels.Tokens(1, 7, Mixed.VocabSize), Count = 3, MaxTokens = 70, Key = RandomKey.FromSeed(1) };

    private static SampleRequest Valid { get; } = Free with { Prompt = TinyModels.Tokens(2, 70, Mixed.VocabSize), Constraint = Constrain(SchemaCase.Find("declared").Schema) };

    /// <summary>The name is easily found; after it there is any value.</summary>
    private static SampleRequest Failing =>
        Free with { Prompt = TinyModels.Tokens(3, 70, Mixed.VocabSize), Count = 5, Constraint = Limited("""{"type":"object","properties":{"name":{}},"required":["name"]}""", 100) };

    private static TokenConstraint Limited(string schema, long maxWork) => new(JsonSchemaConstraint.Parse(schema), Mixed, [End(Mixed)], null, capacity: 1 << 20, maxWork);

    private BatchEntry Entry(SampleRequest request) => new(request, _done.Add, _failures.Add);

    /// <summary>The cache that just holds a request.</summary>
    private long CacheOf(SampleRequest request)
    {
        using var blocks = new KeyValueBlocks(_weights.Config, Precision.F32, 0);
        return blocks.BlockBytes * (KeyValueBlocks.Count(request.Prompt.Length) + request.Count * CacheBudget.OwnBlocks(request));
    }

    private void AssertOthersAreWhatTheyAreAlone()
    {
        var alone = new Sampler(_weights, _bench.Team).Sample([Free, Valid]);
        Assert.Equal(2, _done.Count);
        foreach (var expected in alone)
            Assert.Single(_done, completions => completions.Zip(expected).All(pair => pair.First.Tokens.SequenceEqual(pair.Second.Tokens) && pair.First.Logprobs.SequenceEqual(pair.Second.Logprobs)));
    }
}
