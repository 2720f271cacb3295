using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>What a request is told while it is decoded, and how it may break off.</summary>
public sealed class DrawnTokenTests : IDisposable
{
    private const int Vocabulary = 101;
    private readonly SamplingBench _bench = new(TinyModels.Config("qwen3"));
    private readonly SampleRequest _request = new() { Prompt = TinyModels.Tokens(1, 40, Vocabulary), Count = 3, MaxTokens = 50, Temperature = 0.7, TopP = 0.9, TopLogprobs = 5 };

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Drawn_EveryToken_ComesInOrderWithItsLogprobAtTemperatureOne()
    {
        var told = new List<DrawnToken>();
        var expected = _bench.Alone(_request);
        var actual = Decode(_request, drawn =>
        {
            told.Add(drawn with { Top = drawn.Top.ToArray() });
            return false;
        });
        SamplingBench.AssertSame(expected, actual);
        foreach (var completion in expected)
        {
            var own = told.Where(drawn => drawn.Index == completion.Index).ToList();
            Assert.Equal(completion.Tokens, own.Select(drawn => drawn.Drawn.Token));
            Assert.Equal(_bench.Learning.Learner.Logprobs([new TrainingGroup(_request.Prompt, [completion.Tokens])])[0], own.Select(drawn => drawn.Drawn.Logprob));
            Assert.Equal(Ending.Limit, own[^1].Ending);
            Assert.All(own, AssertTop);
        }
    }

    [Fact]
    public void Drawn_TrueForOneCompletion_EndsItAlone()
    {
        var whole = _bench.Alone(_request);
        var cut = Decode(_request, drawn => drawn.Index == 1 && drawn.Drawn.Token == whole[1].Tokens[20]);
        Assert.Equal(whole[1].Tokens[..(Array.IndexOf(whole[1].Tokens, whole[1].Tokens[20]) + 1)], cut[1].Tokens);
        Assert.Equal([false, true, false], cut.Select(completion => completion.Stopped));
        SamplingBench.AssertSame([whole[0], whole[2]], [cut[0], cut[2]]);
    }

    [Fact]
    public void Cancellation_InFlight_FreesItsBlocksAndLeavesTheOthersAsTheyAre()
    {
        var other = _request with { Prompt = TinyModels.Tokens(2, 40, Vocabulary), Key = _request.Key.Derive(7) };
        // 2 blocks of a prompt and 2 of each of 3 completions: two such requests.
        using var batch = _bench.Open(16 * _bench.BlockBytes);
        using var away = new CancellationTokenSource();
        var done = new List<IReadOnlyList<Completion>>();
        Assert.Equal(2, batch.Admit([new BatchEntry(_request, _ => Assert.Fail("it was cancelled"), Cancellation: away.Token), new BatchEntry(other, done.Add)]));
        for (var step = 0; step < 5; step++) batch.Step();
        Assert.Equal(0, batch.Admit([new BatchEntry(_request, done.Add)]));
        away.Cancel();
        batch.Step();
        Assert.Equal(3, batch.Active);
        Assert.Equal(1, batch.Admit([new BatchEntry(_request, done.Add)]));
        while (batch.Step()) { }
        SamplingBench.AssertSame(_bench.Alone(other), done[0]);
        SamplingBench.AssertSame(_bench.Alone(_request), done[1]);
    }

    [Fact]
    public void MostTokens_AnyPrompt_IsWhatJustFits()
    {
        using var batch = _bench.Open(16 * _bench.BlockBytes);
        var most = batch.MostTokens(40, 3);
        batch.Check(_request with { MaxTokens = most });
        Assert.Throws<ArgumentException>(() => batch.Check(_request with { MaxTokens = most + 1 }));
        Assert.Equal(0, batch.MostTokens(17 * 32, 1));
    }

    private static void AssertTop(DrawnToken drawn)
    {
        var top = drawn.Top.ToArray();
        Assert.Equal(5, top.Select(one => one.Token).Distinct().Count());
        Assert.Equal(top.OrderByDescending(one => one.Logprob).ThenBy(one => one.Token), top);
        Assert.InRange(drawn.Drawn.Logprob, float.MinValue, top[0].Logprob);
        var place = Array.FindIndex(top, one => one.Token == drawn.Drawn.Token);
        if (place >= 0) Assert.Equal(drawn.Drawn.Logprob, top[place].Logprob);
        else Assert.InRange(drawn.Drawn.Logprob, float.MinValue, top[^1].Logprob);
    }

    private IReadOnlyList<Completion> Decode(SampleRequest request, Func<DrawnToken, bool> drawn)
    {
        using var batch = _bench.Open();
        IReadOnlyList<Completion> done = [];
        batch.Admit([new BatchEntry(request, completions => done = completions, Drawn: drawn)]);
        while (batch.Step()) { }
        return done;
    }
}
