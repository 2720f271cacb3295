using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Training;

namespace RftAspire.Engine.Tests.Sampling;

public sealed class DecodingBatchTests : IDisposable
{
    private const int Vocabulary = 101, Context = 256;
    private readonly LearnerBench _bench = new(TinyModels.Random(TinyModels.Config("qwen3")));
    private readonly PackedWeights _weights;
    private readonly DecodingBatch _batch;
    private readonly Dictionary<int, IReadOnlyList<Completion>> _done = [];

    public DecodingBatchTests()
    {
        _weights = new PackedWeights(_bench.Learner.Parameters, _bench.Team);
        _batch = new DecodingBatch(_weights, _bench.Team);
    }

    public void Dispose()
    {
        _batch.Dispose();
        _weights.Dispose();
        _bench.Dispose();
    }

    [Fact]
    public void Admit_WhileOthersDecode_SameCompletionsAsAlone()
    {
        var requests = Enumerable.Range(0, 6).Select(Request).ToList();
        _batch.Admit([Entry(requests, 0), Entry(requests, 1)]);
        for (var next = 2; next < requests.Count; next++)
        {
            for (var step = 0; step < 3; step++) Assert.True(_batch.Step());
            _batch.Admit([Entry(requests, next)]);
        }
        while (_batch.Step()) { }
        for (var i = 0; i < requests.Count; i++) AssertSame(Alone(requests[i]), _done[i]);
        Assert.Equal(_done.Values.Sum(group => group.Sum(completion => completion.Tokens.Length)), _batch.TokensSampled);
    }

    [Fact]
    public void Step_GroupEnds_LeavesAtOnce()
    {
        List<SampleRequest> requests = [Request(0) with { Count = 2, MaxTokens = 1 }, Request(1) with { Count = 3, MaxTokens = 2, StopTokens = [] }];
        _batch.Admit([Entry(requests, 0), Entry(requests, 1)]);
        Assert.Equal([0], _done.Keys);
        Assert.Equal(3, _batch.Active);
        Assert.True(_batch.Step());
        Assert.Equal([0, 1], _done.Keys.Order());
        Assert.Equal(0, _batch.Active);
        Assert.False(_batch.Step());
    }

    public static TheoryData<string, SampleRequest> Misfits => new()
    {
        { "no tokens", Request(0) with { Prompt = [] } },
        { "token 101 is outside the model's vocabulary of 101", Request(0) with { Prompt = [5, 101] } },
        { "token -1 is outside", Request(0) with { Prompt = [-1] } },
        { "count 0", Request(0) with { Count = 0 } },
        { "max tokens 0", Request(0) with { MaxTokens = 0 } },
        { $"context of {Context}", Request(0) with { Prompt = new int[200], MaxTokens = 57 } },
        { "temperature -1", Request(0) with { Temperature = -1 } },
        { "temperature NaN", Request(0) with { Temperature = double.NaN } },
    };

    [Theory, MemberData(nameof(Misfits))]
    public void Admit_RequestThatDoesNotFit_IsRefusedAndTheBatchGoesOn(string reason, SampleRequest misfit)
    {
        List<SampleRequest> requests = [Request(1), Request(2), misfit];
        _batch.Admit([Entry(requests, 0)]);
        var active = _batch.Active;
        var error = Assert.Throws<ArgumentException>(() => _batch.Admit([Entry(requests, 1), Entry(requests, 2)]));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(active, _batch.Active);
        _batch.Admit([Entry(requests, 1)]);
        while (_batch.Step()) { }
        AssertSame(Alone(requests[0]), _done[0]);
        AssertSame(Alone(requests[1]), _done[1]);
    }

    [Fact]
    public void Admit_RequestOfTheWholeContext_Fits()
    {
        List<SampleRequest> requests = [Request(0) with { Prompt = TinyModels.Tokens(1, 200, Vocabulary), MaxTokens = 56, StopTokens = [] }];
        _batch.Admit([Entry(requests, 0)]);
        while (_batch.Step()) { }
        Assert.All(_done[0], completion => Assert.Equal(56, completion.Tokens.Length));
    }

    private static SampleRequest Request(int i) => new()
    {
        Prompt = TinyModels.Tokens(i, 2 + 5 * i, Vocabulary),
        Count = 1 + i % 3,
        MaxTokens = 8 + i,
        StopTokens = [1, 2],
        Key = RandomKey.FromSeed(i),
    };

    private BatchEntry Entry(List<SampleRequest> requests, int i) => new(requests[i], completions => _done.Add(i, completions));

    private IReadOnlyList<Completion> Alone(SampleRequest request) => new Sampler(_weights, _bench.Team).Sample([request])[0];

    private static void AssertSame(IReadOnlyList<Completion> expected, IReadOnlyList<Completion> actual)
    {
        Assert.Equal(expected.Select(c => c.Tokens), actual.Select(c => c.Tokens));
        Assert.Equal(expected.Select(c => c.Logprobs), actual.Select(c => c.Logprobs));
    }
}
