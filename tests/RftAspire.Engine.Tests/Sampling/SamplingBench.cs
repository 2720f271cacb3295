using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Training;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Weights to sample from, and what each request gives in a batch of its own.</summary>
internal sealed class SamplingBench : IDisposable
{
    private readonly PackedWeights _weights;

    public SamplingBench(ModelConfig config, int threads = 2)
    {
        (Config, Learning) = (config, new LearnerBench(TinyModels.Random(config), threads));
        _weights = new PackedWeights(Learning.Learner.Parameters, Learning.Team);
        using var none = new KeyValueBlocks(config, Precision.F32, 0);
        BlockBytes = none.BlockBytes;
    }

    public ModelConfig Config { get; }
    public LearnerBench Learning { get; }
    public long BlockBytes { get; }

    public DecodingBatch Open(long cacheBytes = DecodingBatch.DefaultCacheBytes) => new(_weights, Learning.Team, cacheBytes);

    public IReadOnlyList<Completion> Alone(SampleRequest request) => new Sampler(_weights, Learning.Team).Sample([request])[0];

    /// <summary>Admits the requests in order as the cache has room, and decodes until all have ended.</summary>
    public static IReadOnlyList<Completion>[] Complete(DecodingBatch batch, IReadOnlyList<SampleRequest> requests)
    {
        var (done, next) = (new IReadOnlyList<Completion>[requests.Count], 0);
        do
        {
            var admitted = batch.Admit([.. requests.Select((request, i) => new BatchEntry(request, completions => done[i] = completions)).Skip(next)]);
            next += admitted;
            Assert.True(next == requests.Count || batch.Active > 0 || admitted > 0, "an empty batch admits nothing");
        }
        while (batch.Step() || next < requests.Count);
        return done;
    }

    public static void AssertSame(IReadOnlyList<Completion> expected, IReadOnlyList<Completion> actual)
    {
        Assert.Equal(expected.Select(c => (c.Index, c.Stopped)), actual.Select(c => (c.Index, c.Stopped)));
        Assert.Equal(expected.Select(c => c.Tokens), actual.Select(c => c.Tokens));
        Assert.Equal(expected.Select(c => c.Logprobs), actual.Select(c => c.Logprobs));
    }

    public void Dispose()
    {
        _weights.Dispose();
        Learning.Dispose();
    }
}
