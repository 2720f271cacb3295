using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>Blocks of prompts that begin alike are computed once, and nobody's completions show it.</summary>
public sealed class PrefixSharingTests : IDisposable
{
    private const int Vocabulary = 101, Tail = 20;
    private readonly SamplingBench _bench = new(TinyModels.Config("qwen3"));

    public void Dispose() => _bench.Dispose();

    public static TheoryData<int> Prefixes => [0, 31, 32, 33, 64, 100];

    [Theory, MemberData(nameof(Prefixes))]
    public void Admit_CommonPrefixTogether_IsComputedOnceWithTheSameCompletions(int prefix)
    {
        var requests = Requests(prefix);
        using var batch = _bench.Open();
        AssertAlone(requests, SamplingBench.Complete(batch, requests));
        Assert.Equal(requests.Sum(request => request.Prompt.Length) - (requests.Count - 1) * Whole(prefix), batch.PromptTokensComputed);
    }

    [Theory, MemberData(nameof(Prefixes))]
    public void Admit_CommonPrefixOneAfterTheOther_IsComputedOnceWithTheSameCompletions(int prefix)
    {
        var requests = Requests(prefix);
        using var batch = _bench.Open();
        for (var i = 0; i < requests.Count; i++)
        {
            var before = batch.PromptTokensComputed;
            SamplingBench.AssertSame(_bench.Alone(requests[i]), SamplingBench.Complete(batch, [requests[i]])[0]);
            Assert.Equal(requests[i].Prompt.Length - (i == 0 ? 0 : Whole(prefix)), batch.PromptTokensComputed - before);
        }
    }

    [Theory, MemberData(nameof(Prefixes))]
    public void Admit_CommonPrefixWhileOthersDecode_IsComputedOnceWithTheSameCompletions(int prefix)
    {
        var (requests, done) = (Requests(prefix), new Dictionary<int, IReadOnlyList<Completion>>());
        using var batch = _bench.Open();
        for (var i = 0; i < requests.Count; i++)
        {
            var index = i;
            Assert.Equal(1, batch.Admit([new BatchEntry(requests[i], completions => done.Add(index, completions))]));
            for (var step = 0; step < 5; step++) batch.Step();
        }
        while (batch.Step()) { }
        for (var i = 0; i < requests.Count; i++) SamplingBench.AssertSame(_bench.Alone(requests[i]), done[i]);
        Assert.Equal(requests.Sum(request => request.Prompt.Length) - (requests.Count - 1) * Whole(prefix), batch.PromptTokensComputed);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(31, 31)]
    [InlineData(32, 1)]
    [InlineData(33, 1)]
    [InlineData(64, 1)]
    [InlineData(100, 4)]
    public void Admit_SamePromptAgain_ComputesWhatFollowsTheLastBlockOrItsLastPosition(int length, int computed)
    {
        var request = Request(TinyModels.Tokens(3, length, Vocabulary), 1);
        using var batch = _bench.Open();
        var expected = _bench.Alone(request);
        // Twice at once and once more; the second overwrites a position that the first one reads.
        foreach (var completions in SamplingBench.Complete(batch, [request, request])) SamplingBench.AssertSame(expected, completions);
        SamplingBench.AssertSame(expected, SamplingBench.Complete(batch, [request])[0]);
        Assert.Equal(length + 2 * computed, batch.PromptTokensComputed);
    }

    [Fact]
    public void Admit_PromptsThatPartInTheMiddleOfATree_ShareWhatTheyHaveInCommon()
    {
        var trunk = TinyModels.Tokens(3, 96, Vocabulary);
        int[] Branch(int at, int seed) => [.. trunk[..at], .. TinyModels.Tokens(seed, 40, Vocabulary)];
        var requests = new[] { Branch(96, 10), Branch(64, 11), Branch(32, 12), Branch(64, 13), trunk }.Select(Request).ToList();
        using var batch = _bench.Open();
        AssertAlone(requests, SamplingBench.Complete(batch, requests));
        Assert.Equal(136 + (104 - 64) + (72 - 32) + (104 - 64) + 1, batch.PromptTokensComputed);
        // The same block of tokens behind other ones is another block.
        SamplingBench.AssertSame(_bench.Alone(Request(trunk[32..], 9)), SamplingBench.Complete(batch, [Request(trunk[32..], 9)])[0]);
        Assert.Equal(257 + 64, batch.PromptTokensComputed);
    }

    [Theory]
    [InlineData("qwen3", null)]
    [InlineData("mistral", 700)]
    public void Sample_PromptsLongerThanAPiece_LogprobsEqualTheLearners(string type, int? window)
    {
        using var bench = new SamplingBench(TinyModels.Config(type) with { MaxPositionEmbeddings = 4096, SlidingWindow = window });
        // Pieces of 1,024 rows end inside the second, the third and the fourth; the last shares 2,048 positions with the third.
        var last = TinyModels.Tokens(4, 2600, Vocabulary);
        var requests = new[] { TinyModels.Tokens(1, 30, Vocabulary), TinyModels.Tokens(2, 1024, Vocabulary), last, [.. last[..2070], .. TinyModels.Tokens(5, 700, Vocabulary)] }
            .Select(Request).ToList();
        using var batch = bench.Open();
        var sampled = SamplingBench.Complete(batch, requests);
        Assert.Equal(30 + 1024 + 2600 + (2770 - 2048), batch.PromptTokensComputed);
        var groups = requests.Select((request, i) => new TrainingGroup(request.Prompt, [.. sampled[i].Select(c => c.Tokens)])).ToList();
        Assert.Equal(sampled.SelectMany(group => group).Select(c => c.Logprobs), bench.Learning.Learner.Logprobs(groups));
    }

    private static int Whole(int positions) => positions / KeyValueBlocks.Positions * KeyValueBlocks.Positions;

    private static List<SampleRequest> Requests(int prefix)
    {
        var common = TinyModels.Tokens(1, prefix, Vocabulary);
        // The first token of a tail tells it from the others.
        return [.. Enumerable.Range(0, 4).Select(i => Request([.. common, i, .. TinyModels.Tokens(20 + i, Tail + 9 * i, Vocabulary)], i))];
    }

    private static SampleRequest Request(int[] prompt, int seed) =>
        new() { Prompt = prompt, Count = 1 + seed % 3, MaxTokens = 34 + seed, StopTokens = [1], Key = RandomKey.FromSeed(seed) };

    private void AssertAlone(List<SampleRequest> requests, IReadOnlyList<Completion>[] actual)
    {
        for (var i = 0; i < requests.Count; i++) SamplingBench.AssertSame(_bench.Alone(requests[i]), actual[i]);
    }
}
