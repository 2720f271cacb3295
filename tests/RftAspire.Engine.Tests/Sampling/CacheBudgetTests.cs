using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>A cache that is too small for all at once: some wait, unused prefixes go, and everybody gets the same completions.</summary>
public sealed class CacheBudgetTests : IDisposable
{
    private const int Vocabulary = 101;
    private readonly SamplingBench _bench = new(TinyModels.Config("qwen3"));

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Admit_MoreThanFits_TakesTheFirstAndTheRestWhenTheyHaveEnded()
    {
        // A prompt of two blocks and two completions of one block each: two requests need 8 blocks.
        var requests = Enumerable.Range(0, 5).Select(i => Request(i, promptLength: 40, maxTokens: 33) with { Count = 2 }).ToList();
        var done = new List<int>();
        using var batch = _bench.Open(11 * _bench.BlockBytes);
        int Admit(int from) => batch.Admit([.. requests.Select((request, i) => new BatchEntry(request, _ => done.Add(i))).Skip(from)]);
        Assert.Equal((2, 4), (Admit(0), batch.Active));
        Assert.True(batch.Step());
        Assert.Equal((0, 4), (Admit(2), batch.Active));
        while (batch.Step()) { }
        Assert.Equal([0, 1], done);
        Assert.Equal((2, 4), (Admit(2), batch.Active));
    }

    [Fact]
    public void Complete_TinyCache_SameCompletionsAsWithALargeOne()
    {
        var requests = Enumerable.Range(0, 60).Select(Varied).ToList();
        using var large = _bench.Open();
        var expected = SamplingBench.Complete(large, requests);
        foreach (var blocks in new[] { 20, 23, 40 })
        {
            // The pool throws rather than hand out one block more than it has.
            using var small = _bench.Open(blocks * _bench.BlockBytes);
            var actual = SamplingBench.Complete(small, requests);
            for (var i = 0; i < requests.Count; i++) SamplingBench.AssertSame(expected[i], actual[i]);
            Assert.InRange(small.PromptTokensComputed, large.PromptTokensComputed + 1, requests.Sum(request => request.Prompt.Length) - 1);
        }
    }

    [Fact]
    public void Admit_RequestOverTheWholeCache_IsRefusedAndTheBatchGoesOn()
    {
        List<SampleRequest> requests = [Request(0, 40, 33), Request(1, 40, 33)];
        var large = Request(2, 100, 100) with { Count = 3 };
        // 4 blocks of the prompt and 4 of each completion.
        using var batch = _bench.Open(15 * _bench.BlockBytes);
        var done = new IReadOnlyList<Completion>[2];
        batch.Admit([new BatchEntry(requests[0], completions => done[0] = completions)]);
        var error = Assert.Throws<ArgumentException>(() => batch.Admit([new BatchEntry(requests[1], _ => { }), new BatchEntry(large, _ => { })]));
        Assert.Contains("3 completions of up to 100 tokens of a prompt of 100 need", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, batch.Active);
        batch.Check(large with { Prompt = large.Prompt[..96] });
        batch.Admit([new BatchEntry(requests[1], completions => done[1] = completions)]);
        while (batch.Step()) { }
        for (var i = 0; i < 2; i++) SamplingBench.AssertSame(_bench.Alone(requests[i]), done[i]);
    }

    [Fact]
    public void Open_CacheOfNothing_RefusesEveryRequest()
    {
        using var batch = _bench.Open(_bench.BlockBytes - 1);
        Assert.Throws<ArgumentException>(() => batch.Admit([new BatchEntry(Request(0, 1, 1), _ => { })]));
        Assert.Throws<ArgumentOutOfRangeException>(() => _bench.Open(-1));
    }

    [Fact]
    public void Step_CompletionEnds_ItsBlocksAreFreeAtOnce()
    {
        var whole = Request(3, 32, 65) with { Count = 2 };
        var tokens = _bench.Alone(whole).Select(completion => completion.Tokens).ToList();
        var stop = tokens[0].Skip(3).First(token => !tokens[1].Contains(token));
        // One block of the prompt and two of each completion: nothing is left.
        using var batch = _bench.Open(5 * _bench.BlockBytes);
        var next = new BatchEntry(Request(4, 32, 33), _ => { });
        batch.Admit([new BatchEntry(whole with { StopTokens = [stop] }, _ => { })]);
        while (batch.Active == 2)
        {
            Assert.Equal(0, batch.Admit([next]));
            batch.Step();
        }
        Assert.Equal(1, batch.Active);
        Assert.Equal((1, 2), (batch.Admit([next]), batch.Active));
    }

    [Fact]
    public void Admit_CacheFullOfUnusedPrefixes_TheLongestUnusedGoFirstAndFromTheirEnd()
    {
        var prompts = Enumerable.Range(0, 4).Select(i => TinyModels.Tokens(i, 64, Vocabulary)).ToArray();
        using var batch = _bench.Open(6 * _bench.BlockBytes);
        long Computed(int[] prompt)
        {
            var (request, before) = (new SampleRequest { Prompt = prompt, MaxTokens = 1 }, batch.PromptTokensComputed);
            SamplingBench.AssertSame(_bench.Alone(request), SamplingBench.Complete(batch, [request])[0]);
            return batch.PromptTokensComputed - before;
        }
        Assert.Equal([64, 64, 64], prompts[..3].Select(Computed));
        Assert.Equal(1, Computed(prompts[0]));
        // Prompt 1 is now the longest unused; one block more takes its second only.
        Assert.Equal(32, Computed(prompts[3][..32]));
        Assert.Equal(1, Computed(prompts[2]));
        Assert.Equal(1, Computed(prompts[0]));
        Assert.Equal(1, Computed(prompts[1][..32]));
        Assert.Equal(1, Computed(prompts[3][..32]));
        // Oldest first: prompt 2, which loses both its blocks.
        Assert.Equal(64, Computed(TinyModels.Tokens(9, 64, Vocabulary)));
        Assert.Equal([1, 1, 1], new[] { prompts[0], prompts[1][..32], prompts[3][..32] }.Select(Computed));
        Assert.Equal(64, Computed(prompts[2]));
    }

    [Fact]
    public void Admit_PrefixFoundUnused_IsNotCountedAsRoomToo()
    {
        var prompt = TinyModels.Tokens(1, 64, Vocabulary);
        using var batch = _bench.Open(4 * _bench.BlockBytes);
        SamplingBench.Complete(batch, [new SampleRequest { Prompt = prompt, MaxTokens = 1 }]);
        batch.Admit([new BatchEntry(Request(2, 20, 33), _ => { })]);
        // Two blocks are found, two more are needed: one is free and promised to the other.
        IReadOnlyList<Completion> done = [];
        var request = new SampleRequest { Prompt = prompt, MaxTokens = 40 };
        var entry = new BatchEntry(request, completions => done = completions);
        Assert.Equal(0, batch.Admit([entry]));
        while (batch.Step()) { }
        Assert.Equal(1, batch.Admit([entry]));
        while (batch.Step()) { }
        SamplingBench.AssertSame(_bench.Alone(request), done);
    }

    [Fact]
    public void Take_UpToTheBudget_AsksForNoMoreBytes()
    {
        var config = TinyModels.Config("qwen3");
        // A slab has 16 MiB, 1,024 of these blocks; the second one is cut to what is left.
        var budget = 1500 * _bench.BlockBytes + _bench.BlockBytes / 2;
        using var blocks = new KeyValueBlocks(config, Precision.F32, budget);
        Assert.Equal((1500, 0L), (blocks.Free, blocks.Bytes));
        var taken = Enumerable.Range(0, 1500).Select(_ => blocks.Take()).ToList();
        Assert.Equal(1500, taken.Distinct().Count());
        Assert.Equal((0, 1500 * _bench.BlockBytes), (blocks.Free, blocks.Bytes));
        Assert.Throws<InvalidOperationException>(() => blocks.Take());
        blocks.Return(taken[7]);
        Assert.Equal(taken[7], blocks.Take());
    }

    private static SampleRequest Request(int seed, int promptLength, int maxTokens) =>
        new() { Prompt = TinyModels.Tokens(seed, promptLength, Vocabulary), MaxTokens = maxTokens, Key = RandomKey.FromSeed(seed) };

    /// <summary>Requests of at most 20 blocks, with prompts on a few trunks, that end early or late.</summary>
    private static SampleRequest Varied(int i)
    {
        var key = RandomKey.FromSeed(1000 + i);
        var trunk = TinyModels.Tokens(key.Below(0, 4), 32 * key.Below(1, 4), Vocabulary);
        return new SampleRequest
        {
            Prompt = [.. trunk, .. TinyModels.Tokens(i, 1 + key.Below(2, 60), Vocabulary)],
            Count = 1 + key.Below(3, 5),
            MaxTokens = 1 + key.Below(4, 90),
            StopTokens = [.. Enumerable.Range(0, key.Below(5, 4))],
            Key = key,
        };
    }
}
