using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;

namespace RftAspire.Services.Tests.Judge;

public sealed class PanelTests(SharedJudge shared) : IClassFixture<SharedJudge>
{
    private readonly JudgeUnderTest _judge = shared.Judge;

    [Theory]
    [InlineData(0.75, 0.75)]
    [InlineData(0.25, 0.75, 0.25, 0.0)]
    [InlineData(0.5, 0.25, 0.75)]
    [InlineData(0.25, 0.0, 0.25, 1.0, 1.0, 0.0)]
    public async Task Score_Votes_GiveTheMedian(double expected, params double[] votes)
    {
        var model = $"votes {string.Join(' ', votes)}";
        var judgement = await VoteAsync(model, votes.Length, number => StubAnswer.Score(votes[number - 1]));

        Assert.Equal(expected, judgement.Score);
        Assert.Equal((model, votes.Length, 100L * votes.Length, 20L * votes.Length, 40L * votes.Length), judgement.Usage.Select(usage =>
            (usage.Model, usage.Calls, usage.PromptTokens, usage.CompletionTokens, usage.CachedTokens)).Single());
        Assert.Equal("read it: understood", judgement.Explanation);
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(2, JudgeFailureKind.Unreadable)]
    public async Task Score_VotesThatCannotBeRead_CountUnlessTheyAreHalf(int unreadable, string? failure)
    {
        var judgement = await VoteAsync($"unreadable {unreadable}", 4, number => number <= unreadable ? StubAnswer.Text("?") : StubAnswer.Score(0.5));

        Assert.Equal(failure, judgement.Failure?.Kind);
    }

    [Theory]
    [InlineData("good", "good", "bad", "good")]
    [InlineData(null, "good", "bad")]
    [InlineData("bad", "good", "bad", "so so", "bad")]
    public async Task Label_Votes_GiveTheCommonestOrADisagreement(string? expected, params string[] votes)
    {
        var model = $"labels {string.Join(' ', votes)}";
        _judge.Stub.On(model, question => StubAnswer.Label(votes[question.Number - 1]));
        var judgement = await LabelAsync(model, votes.Length);

        Assert.Equal(expected ?? JudgeFailureKind.Disagreement, judgement.Failure?.Kind ?? judgement.Label);
    }

    [Fact]
    public async Task Label_AnswerThatIsNoLabel_IsOutOfRange()
    {
        _judge.Stub.On("unknown", _ => StubAnswer.Label("excellent"));

        Assert.Equal(JudgeFailureKind.OutOfRange, (await LabelAsync("unknown", 1)).Failure?.Kind);
        var schema = _judge.Stub.Questions("unknown")[0].Body.GetProperty("response_format").GetProperty("json_schema").GetProperty("schema");
        Assert.Equal(["good", "bad", "so so"], schema.GetProperty("properties").GetProperty("result").GetProperty("enum").EnumerateArray().Select(label => label.GetString()));
    }

    [Theory]
    [InlineData(0.5, 0.75, 0.25, 0.625)]
    [InlineData(0.5, 0.75, 0.2, null)]
    [InlineData(0.5, 0.5, 0, 0.5)]
    public async Task Score_TwoJudges_MustAgreeWithinTheBound(double first, double second, double bound, double? expected)
    {
        var names = ($"one {second} {bound}", $"other {second} {bound}");
        _judge.Stub.On(names.Item1, _ => StubAnswer.Score(first));
        _judge.Stub.On(names.Item2, _ => StubAnswer.Score(second));
        var question = JudgeUnderTest.Ask(names.Item1);
        question.SecondModel = names.Item2;

        var judgement = await _judge.ScoreAsync(question, maxDifference: bound);

        Assert.Equal(expected is null ? JudgeFailureKind.Disagreement : null, judgement.Failure?.Kind);
        if (expected is not null) Assert.Equal(expected, judgement.Score);
        Assert.Equal([names.Item1, names.Item2], judgement.Usage.Select(usage => usage.Model));
    }

    [Fact]
    public async Task Score_SecondJudgeThatFails_IsAFailure()
    {
        _judge.Stub.On("well", _ => StubAnswer.Score(1));
        _judge.Stub.On("ill", _ => StubAnswer.Refusal("no"));
        var question = JudgeUnderTest.Ask("well");
        question.SecondModel = "ill";

        Assert.Equal(JudgeFailureKind.Refused, (await _judge.ScoreAsync(question, maxDifference: 1)).Failure?.Kind);
    }

    [Theory]
    [InlineData("longer", "short", "much longer", Preference.B)]
    [InlineData("longer", "much longer", "short", Preference.A)]
    [InlineData("longer", "same", "same", Preference.Tie)]
    [InlineData("the first", "short", "much longer", Preference.Tie)]
    [InlineData("the second", "short", "much longer", Preference.Tie)]
    public async Task Compare_Candidates_AreAskedInBothOrders(string taste, string a, string b, Preference expected)
    {
        var model = $"{taste} {a}";
        _judge.Stub.On(model, question =>
        {
            var data = ObedientJudge.Split(question).Data;
            var difference = taste switch { "the first" => 1, "the second" => -1, _ => data["first"].Length - data["second"].Length };
            return StubAnswer.Label(difference switch { > 0 => "first", < 0 => "second", _ => "tie" });
        });

        var judgement = await _judge.Client.CompareAsync(
            new CompareRequest { Question = JudgeUnderTest.Ask(model), CandidateA = a, CandidateB = b }, deadline: DateTime.UtcNow.AddMinutes(1));

        Assert.Equal((expected, 2), (judgement.Preference, judgement.Usage.Single().Calls));
        Assert.Equal(taste.StartsWith("the", StringComparison.Ordinal), judgement.Explanation.StartsWith("A tie:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Score_LongExplanation_IsCut()
    {
        var text = $$"""{"steps":[{"description":"{{new string('a', 9000)}}","conclusion":"b"}],"result":1}""";

        var judgement = await _judge.ScoreAsync("long", _ => StubAnswer.Text(text));

        Assert.Equal((1, 4000), (judgement.Score, judgement.Explanation.Length));
    }

    private async Task<Judgement> VoteAsync(string model, int votes, Func<int, StubAnswer> script)
    {
        _judge.Stub.On(model, question => script(question.Number));
        var question = JudgeUnderTest.Ask(model);
        question.Votes = votes;
        return await _judge.ScoreAsync(question);
    }

    private async Task<Judgement> LabelAsync(string model, int votes)
    {
        var question = JudgeUnderTest.Ask(model);
        question.Votes = votes;
        return await _judge.Client.LabelAsync(
            new LabelRequest { Question = question, Labels = { "good", "bad", "so so" } }, deadline: DateTime.UtcNow.AddMinutes(1));
    }
}
