using RftAspire.Engine.Sampling;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Runs alone: what is counted is what the whole process allocates.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Vocabulary = 101, Steps = 70;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Step_NothingEnds_AllocatesNothing(int threads)
    {
        using var bench = new SamplingBench(TinyModels.Config("mistral") with { SlidingWindow = 50 }, threads);
        using var batch = bench.Open();
        Assert.Equal(0, LeastAllocated(batch));
    }

    [Fact]
    public void Step_BlocksOfUnusedPrefixesAreTaken_AllocatesNothing()
    {
        using var bench = new SamplingBench(TinyModels.Config("qwen3"), threads: 1);
        // Room for one round; the prompts of the first one make way for the completions of the second.
        using var batch = bench.Open(Requests(0).Sum(request => 3 + request.Count * CacheBudget.OwnBlocks(request)) * bench.BlockBytes);
        Assert.Equal(0, LeastAllocated(batch));
    }

    private static List<SampleRequest> Requests(int seed)
    {
        var request = new SampleRequest { Prompt = TinyModels.Tokens(seed, 64 + 5, Vocabulary), Count = 3, MaxTokens = Steps + 8 };
        return
        [
            request,
            request with { TopP = 0.8 },
            request with { TopK = 7, Prompt = TinyModels.Tokens(seed + 10, 70, Vocabulary) },
            request with { TopK = 20, TopP = 0.9, StopTokens = [Vocabulary, Vocabulary + 1] },
            request with { Temperature = 0, StopTokens = new HashSet<int> { Vocabulary }, StopWhen = tokens => tokens.Count > 1000 },
            request with { StopTokens = new List<int> { Vocabulary } },
            request with { TopLogprobs = 20, Temperature = 0.7 },
        ];
    }

    /// <summary>Of some rounds after a first one: the test runner's threads allocate now and then, a decoding step always does or never.</summary>
    private static long LeastAllocated(DecodingBatch batch)
    {
        SamplingBench.Complete(batch, Requests(0));
        return Enumerable.Range(1, 4).Min(seed => Allocated(batch, seed));
    }

    private static long Allocated(DecodingBatch batch, int seed)
    {
        var requests = Requests(seed);
        Assert.Equal(requests.Count, batch.Admit([.. requests.Select(request => new BatchEntry(request, _ => { }, Drawn: _ => false))]));
        for (var step = 0; step < 3; step++) batch.Step();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var step = 0; step < Steps; step++) batch.Step();
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(requests.Sum(request => request.Count), batch.Active);
        while (batch.Step()) { }
        return allocated;
    }
}
