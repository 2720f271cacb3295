using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Services.Tests.Jobs;

namespace RftAspire.Services.Tests.Judge;

public sealed class JudgeStoreTests(RedisServer redis) : IClassFixture<RedisServer>
{
    [RedisFact]
    public async Task Score_SameRequest_IsRememberedForAnyJobAndCostsNothing()
    {
        await using var judge = await JudgeUnderTest.StartAsync(redis.ConnectionString);
        judge.Stub.On("memory", question => StubAnswer.Score(question.Number / 8.0));

        var first = await judge.ScoreAsync(For("memory", "job-1"));
        var second = await judge.ScoreAsync(For("memory", "job-2"));
        var fresh = await judge.ScoreAsync(new Question(For("memory", "")) { Fresh = true });
        var after = await judge.ScoreAsync(For("memory", ""));
        var other = await judge.ScoreAsync(JudgeUnderTest.Ask("memory", "Lyon"));

        Assert.Equal([(0.125, false, 1), (0.125, true, 0), (0.25, false, 1), (0.25, true, 0), (0.375, false, 1)],
            new[] { first, second, fresh, after, other }.Select(judgement => (judgement.Score, judgement.Cached, judgement.Usage.Count)));
        Assert.Equal(first.Explanation, second.Explanation);
    }

    [RedisFact]
    public async Task Score_EverythingThatDecidesAJudgement_IsPartOfWhatIsRemembered()
    {
        await using var judge = await JudgeUnderTest.StartAsync(redis.ConnectionString);
        judge.Stub.On("parts", _ => StubAnswer.Score(0.5));
        Action<Question>[] changes =
        [
            _ => { }, question => question.Votes = 3, question => question.Sampling = new SamplingParams { Seed = 1 },
            question => question.Messages[0].Parts[0].Text += "!", question => question.Messages[0].Role = "developer",
        ];

        foreach (var change in changes)
        {
            var question = JudgeUnderTest.Ask("parts");
            change(question);
            Assert.False((await judge.ScoreAsync(question)).Cached);
        }
        Assert.False((await judge.ScoreAsync(JudgeUnderTest.Ask("parts"), max: 2)).Cached);
        Assert.True((await judge.ScoreAsync(JudgeUnderTest.Ask("parts"))).Cached);
    }

    [RedisFact]
    public async Task Score_Failure_IsNotRemembered()
    {
        await using var judge = await JudgeUnderTest.StartAsync(redis.ConnectionString);

        var failed = await judge.ScoreAsync("once", _ => StubAnswer.Text("?"));
        var mended = await judge.ScoreAsync("once", _ => StubAnswer.Score(0.5));

        Assert.Equal((JudgeFailureKind.Unreadable, 0.5, false), (failed.Failure?.Kind, mended.Score, mended.Cached));
    }

    [RedisFact]
    public async Task Score_BudgetOfCalls_HoldsForAJobAcrossRestarts()
    {
        const string Job = "job-calls";
        for (var i = 0; i < 4; i++)
        {
            await using var judge = await JudgeUnderTest.StartAsync(redis.ConnectionString, ("Judge:MaxCallsPerJob", "3"));
            var judgement = await judge.ScoreAsync(For("calls", Job, $"candidate {i}"));

            Assert.Equal(i < 3 ? null : JudgeFailureKind.Budget, judgement.Failure?.Kind);
            if (i < 3) continue;
            Assert.Contains("asked its judges 3 times", judgement.Failure!.Message, StringComparison.Ordinal);
            Assert.Empty(judge.Stub.Questions("calls"));
            Assert.Null((await judge.ScoreAsync(For("calls", "job-other", "candidate"))).Failure);
            Assert.Null((await judge.ScoreAsync(For("calls", "", "candidate again"))).Failure);
        }
    }

    [RedisFact]
    public async Task Score_CallsAtOnce_NeverExceedTheBudget()
    {
        await using var judge = await JudgeUnderTest.StartAsync(redis.ConnectionString, ("Judge:MaxCallsPerJob", "10"));

        var judgements = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => judge.ScoreAsync(For("rush", "job-rush", $"{i}"))));

        Assert.Equal((10, 10), (judgements.Count(judgement => judgement.Failure is null), judge.Stub.Questions("rush").Length));
    }

    [RedisFact]
    public async Task Score_BudgetOfTokens_EndsWhenTheyAreUsed()
    {
        await using var judge = await JudgeUnderTest.StartAsync(redis.ConnectionString, ("Judge:MaxTokensPerJob", "200"));
        judge.Stub.On("tokens", question => question.Number == 1 ? StubAnswer.Text("paid for, of no use") : StubAnswer.Score(1));

        var kinds = new List<string?>();
        for (var i = 0; i < 3; i++) kinds.Add((await judge.ScoreAsync(For("tokens", "job-tokens", $"{i}"))).Failure?.Kind);

        Assert.Equal([JudgeFailureKind.Unreadable, null, JudgeFailureKind.Budget], kinds);
    }

    [Fact]
    public async Task Score_WithoutRedis_WorksWhereNoBudgetIsToBeCounted()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null, ("Judge:CacheLifetime", "1.00:00:00"));
        judge.Stub.On("alone", _ => StubAnswer.Score(0.5));

        var free = await judge.ScoreAsync(For("alone", ""));
        var ofAJob = await judge.ScoreAsync(For("alone", "job-1"));

        Assert.Equal((0.5, JudgeFailureKind.Unavailable), (free.Score, ofAJob.Failure?.Kind));
        Assert.Contains("counts the job's judge budget", ofAJob.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(judge.Stub.Questions("alone"));
    }

    private static Question For(string model, string job, string candidate = "Paris") => new(JudgeUnderTest.Ask(model, candidate)) { JobId = job };
}
