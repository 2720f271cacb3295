using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;

namespace RftAspire.Services.Tests.Judge;

public sealed class JudgeFailureTests(SharedJudge shared) : IClassFixture<SharedJudge>
{
    private static readonly TimeSpan s_never = TimeSpan.FromSeconds(50);
    private readonly JudgeUnderTest _judge = shared.Judge;

    public static TheoryData<string, string, string> Answers => new()
    {
        { "no JSON", "the answer is good: 1.0", JudgeFailureKind.Unreadable },
        { "a code fence", $"```json\n{StubAnswer.Judgement("1")}\n```", JudgeFailureKind.Unreadable },
        { "half JSON", StubAnswer.Judgement("1")[..^3], JudgeFailureKind.Unreadable },
        { "text after", StubAnswer.Judgement("1") + " as asked", JudgeFailureKind.Unreadable },
        { "an array", "[1]", JudgeFailureKind.Unreadable },
        { "no steps", """{"result":1}""", JudgeFailureKind.Unreadable },
        { "no result", """{"steps":[]}""", JudgeFailureKind.Unreadable },
        { "more", """{"steps":[],"result":1,"sure":true}""", JudgeFailureKind.Unreadable },
        { "two results", """{"steps":[],"result":0,"result":1}""", JudgeFailureKind.Unreadable },
        { "steps of text", """{"steps":["good"],"result":1}""", JudgeFailureKind.Unreadable },
        { "text", StubAnswer.Judgement("\"1\""), JudgeFailureKind.Unreadable },
        { "null", StubAnswer.Judgement("null"), JudgeFailureKind.Unreadable },
        { "NaN", StubAnswer.Judgement("NaN"), JudgeFailureKind.Unreadable },
        { "infinite", StubAnswer.Judgement("1e999"), JudgeFailureKind.Unreadable },
        { "half a pair", """{"steps":[{"description":"\ud800","conclusion":""}],"result":1}""", JudgeFailureKind.Unreadable },
        { "empty", "", JudgeFailureKind.Unreadable },
        { "above", StubAnswer.Judgement("1.0001"), JudgeFailureKind.OutOfRange },
        { "below", StubAnswer.Judgement("-0.5"), JudgeFailureKind.OutOfRange },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task Score_AnswerThatIsNotWhatWasAskedFor_IsAFailureAndAskedOnce(string name, string text, string kind)
    {
        var judgement = await _judge.ScoreAsync(name, _ => StubAnswer.Text(text));

        Assert.Equal(kind, judgement.Failure?.Kind);
        Assert.Single(_judge.Stub.Questions(name));
        Assert.Equal((1, 100, 20), (judgement.Usage[0].Calls, judgement.Usage[0].PromptTokens, judgement.Usage[0].CompletionTokens));
    }

    [Fact]
    public async Task Score_BodyThatIsNoCompletion_IsUnreadable()
    {
        foreach (var (i, body) in ((string[])["<html>", "{}", """{"choices":[]}""", """{"choices":{}}""", "null", """{"choices":[{"index":0}]}"""]).Index())
            Assert.Equal((body, JudgeFailureKind.Unreadable), (body, (await _judge.ScoreAsync($"body-{i}", _ => StubAnswer.Body(body))).Failure?.Kind));
    }

    [Theory]
    [InlineData("half", JudgeFailureKind.Unreadable)]
    [InlineData("drop", JudgeFailureKind.Unavailable)]
    [InlineData("500", JudgeFailureKind.Unavailable)]
    [InlineData("503", JudgeFailureKind.Unavailable)]
    [InlineData("429", JudgeFailureKind.Unavailable)]
    public async Task Score_TransientFailure_IsTriedAgainAndThenAFailure(string behaviour, string kind)
    {
        StubAnswer Fail() => behaviour switch
        {
            "half" => StubAnswer.Half(),
            "drop" => StubAnswer.Drop(),
            "429" => StubAnswer.TooMany(0),
            _ => StubAnswer.Failure(int.Parse(behaviour, System.Globalization.CultureInfo.InvariantCulture), "sorry"),
        };
        var always = await _judge.ScoreAsync($"always-{behaviour}", _ => Fail());
        var twice = await _judge.ScoreAsync($"twice-{behaviour}", question => question.Number <= 2 ? Fail() : StubAnswer.Score(0.25));

        Assert.Equal((kind, 3), (always.Failure?.Kind, _judge.Stub.Questions($"always-{behaviour}").Length));
        Assert.Equal((0.25, 3), (twice.Score, _judge.Stub.Questions($"twice-{behaviour}").Length));
        Assert.Equal(1, twice.Usage[0].Calls);
    }

    [Fact]
    public async Task Score_TooManyWithRetryAfter_WaitsSoLong()
    {
        var judgement = await _judge.ScoreAsync("wait", question => question.Number == 1 ? StubAnswer.TooMany(0.6) : StubAnswer.Score(1));

        Assert.Equal(1, judgement.Score);
        Assert.InRange(judgement.Seconds, 0.55, 30);
    }

    [Fact]
    public async Task Score_RetryAfterOfAnHour_WaitsNoLongerThanTheLimit()
    {
        var judgement = await _judge.ScoreAsync("hour", question => question.Number == 1 ? StubAnswer.TooMany(3600) : StubAnswer.Score(1));

        Assert.Equal(1, judgement.Score);
    }

    [Theory]
    [InlineData(400, "too long")]
    [InlineData(401, "wrong key")]
    [InlineData(404, "no such model")]
    public async Task Score_RequestThatTheEndpointRejects_IsNotTriedAgain(int status, string message)
    {
        var judgement = await _judge.ScoreAsync($"status-{status}", _ => StubAnswer.Failure(status, message));

        Assert.Equal(JudgeFailureKind.Rejected, judgement.Failure?.Kind);
        Assert.Contains($"{status}", judgement.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(_judge.Stub.Questions($"status-{status}"));
    }

    [Fact]
    public async Task Score_Refusal_IsAFailure()
    {
        var refused = await _judge.ScoreAsync("refusal", _ => StubAnswer.Refusal("I cannot\njudge this"));
        var filtered = await _judge.ScoreAsync("filter", _ => StubAnswer.Text("", "content_filter"));
        var before = await _judge.ScoreAsync("filter-before", _ => StubAnswer.Failure(400, "filtered", "content_filter"));

        Assert.Equal((JudgeFailureKind.Refused, "the judge declines: I cannot judge this"), (refused.Failure?.Kind, refused.Failure?.Message));
        Assert.Equal((JudgeFailureKind.Refused, JudgeFailureKind.Refused), (filtered.Failure?.Kind, before.Failure?.Kind));
    }

    [Fact]
    public async Task Score_AnswerAtTheTokenLimit_IsTruncated() =>
        Assert.Equal(JudgeFailureKind.Truncated, (await _judge.ScoreAsync("cut", _ => StubAnswer.Text("{\"steps\":[", "length"))).Failure?.Kind);

    [Fact]
    public async Task Score_AnswerThatRepeatsTheFence_IsUnreadable()
    {
        var judgement = await _judge.ScoreAsync("parrot", question =>
            StubAnswer.Text($$"""{"steps":[{"description":"{{question.Prompt.Split("[[data ")[1].Split(' ')[0]}}","conclusion":""}],"result":1}"""));

        Assert.Equal(JudgeFailureKind.Unreadable, judgement.Failure?.Kind);
        Assert.Contains("repeats the fence", judgement.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_NoAnswerInTime_IsATimeout()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null, ("Judge:Attempts", "2"), ("Judge:AttemptDeadline", "00:00:01.5"));

        var judgement = await judge.ScoreAsync("slow", _ => StubAnswer.Slow(s_never, 1));
        var second = await judge.ScoreAsync("slow-once", question => question.Number == 1 ? StubAnswer.Slow(s_never, 1) : StubAnswer.Score(0.5));

        Assert.Equal((JudgeFailureKind.Timeout, 2), (judgement.Failure?.Kind, judge.Stub.Questions("slow").Length));
        Assert.Equal(0.5, second.Score);
    }

    [Fact]
    public async Task Score_DeadlineOfAllTries_EndsThem()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null, ("Judge:Attempts", "20"), ("Judge:Deadline", "00:00:00.7"));

        var judgement = await judge.ScoreAsync("busy", _ => StubAnswer.TooMany(0.3));

        Assert.Equal(JudgeFailureKind.Unavailable, judgement.Failure?.Kind);
        Assert.Contains("answered 429", judgement.Failure!.Message, StringComparison.Ordinal);
        Assert.InRange(judge.Stub.Questions("busy").Length, 1, 4);
    }

    [Fact]
    public async Task Score_EndpointThatIsDown_IsUnavailable()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null, ("Judge:Attempts", "2"), ("Judge:Endpoint", "http://127.0.0.1:1/v1"));

        Assert.Equal(JudgeFailureKind.Unavailable, (await judge.ScoreAsync(JudgeUnderTest.Ask("any"))).Failure?.Kind);
    }

    [Fact]
    public async Task Score_EndpointThatFailsOften_IsLeftAloneForAWhile()
    {
        await using var judge = await JudgeUnderTest.StartAsync(
            null, ("Judge:Attempts", "1"), ("Judge:BreakAfter", "4"), ("Judge:BreakDuration", "00:00:01"));
        for (var i = 0; i < 4; i++) await judge.ScoreAsync("ill", _ => StubAnswer.Failure(500, "ill"));

        var alone = await judge.ScoreAsync("ill", _ => StubAnswer.Score(1));
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        var well = await judge.ScoreAsync("ill", _ => StubAnswer.Score(1));

        Assert.Equal(JudgeFailureKind.Unavailable, alone.Failure?.Kind);
        Assert.Contains("left alone", alone.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal((1, 5), (well.Score, judge.Stub.Questions("ill").Length));
    }

    [Fact]
    public async Task Score_CallerThatHasGone_EndsTheCall()
    {
        _judge.Stub.On("gone", _ => StubAnswer.Slow(s_never, 1));

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await _judge.Client.ScoreAsync(new ScoreRequest { Question = JudgeUnderTest.Ask("gone") }, deadline: DateTime.UtcNow.AddSeconds(1)));

        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
    }
}
