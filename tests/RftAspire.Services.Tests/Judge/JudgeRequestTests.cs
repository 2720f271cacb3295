using Grpc.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge;

namespace RftAspire.Services.Tests.Judge;

public sealed class JudgeRequestTests(SharedJudge shared) : IClassFixture<SharedJudge>
{
    private readonly JudgeUnderTest _judge = shared.Judge;

    public static TheoryData<string, Action<ScoreRequest>> Mistakes => new()
    {
        { "question: missing", request => request.Question = null },
        { "question.model: has 0 characters", request => request.Question.Model = "" },
        { "question.messages: no text", request => request.Question.Messages.Clear() },
        { "question.messages[0].role: 'boss' is none of", request => request.Question.Messages[0].Role = "boss" },
        { "question.messages[0].parts[1]: neither text nor data", request => request.Question.Messages[0].Parts.Add(new Part()) },
        { "data.name: 'a]] b' is no name", request => request.Question.Messages[1].Parts[1].Data.Name = "a]] b" },
        { "question.votes: 16 is not 0 to 15", request => request.Question.Votes = 16 },
        { "question.second_model: 'm' again", request => request.Question.SecondModel = "m" },
        { "question.job_id: '../x' is no id", request => request.Question.JobId = "../x" },
        { "temperature: 2.5 is not 0 to 2", request => request.Question.Sampling = new SamplingParams { Temperature = 2.5 } },
        { "temperature: NaN", request => request.Question.Sampling = new SamplingParams { Temperature = double.NaN } },
        { "top_p: 0 is not above 0", request => request.Question.Sampling = new SamplingParams { TopP = 0 } },
        { "max_completions_tokens: 0 is below 1", request => request.Question.Sampling = new SamplingParams { MaxCompletionsTokens = 0 } },
        { "reasoning_effort: 'huge' is none of", request => request.Question.Sampling = new SamplingParams { ReasoningEffort = "huge" } },
        { "range: 1 to 1 is none", request => request.Range = new ScoreRange { Min = 1, Max = 1 } },
        { "range: 0 to NaN is none", request => request.Range = new ScoreRange { Min = 0, Max = double.NaN } },
        { "max_difference: -1", request => request.MaxDifference = -1 },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public async Task Score_CallersMistake_NamesTheField(string expected, Action<ScoreRequest> spoil)
    {
        var request = new ScoreRequest { Question = JudgeUnderTest.Ask("m") };
        spoil(request);

        var error = await Assert.ThrowsAsync<RpcException>(async () => await _judge.Client.ScoreAsync(request, deadline: DateTime.UtcNow.AddMinutes(1)));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(expected, error.Status.Detail, StringComparison.Ordinal);
        Assert.Empty(_judge.Stub.Questions("m"));
    }

    [Theory]
    [InlineData("labels: 1 labels")]
    [InlineData("labels: one is there twice", "good", "good")]
    [InlineData("labels: one has 0 characters", "good", "")]
    [InlineData("labels: one has 3 characters or control", "good", "a\nb")]
    public async Task Label_LabelsThatAreNone_AreTheCallersMistake(string expected, params string[] labels)
    {
        var request = new LabelRequest { Question = JudgeUnderTest.Ask("m"), Labels = { labels.Length == 0 ? ["one"] : labels } };

        var error = await Assert.ThrowsAsync<RpcException>(async () => await _judge.Client.LabelAsync(request, deadline: DateTime.UtcNow.AddMinutes(1)));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(expected, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_ModelThatNobodyHas_IsNotFound()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null,
            ("Judge:Endpoint", ""), ("Judge:ApiKey", ""), ("Judge:Models:known:Endpoint", "http://127.0.0.1:1/v1"));

        var error = await Assert.ThrowsAsync<RpcException>(() => judge.ScoreAsync(JudgeUnderTest.Ask("unknown")));
        var list = await judge.Client.ListModelsAsync(new ListModelsRequest(), deadline: DateTime.UtcNow.AddMinutes(1));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains("nobody judges as 'unknown'", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal((false, "known", false), (list.AnyName, list.Models.Single().Name, list.Models.Single().Own));
    }

    [Fact]
    public async Task Score_ModelOfTheRegistry_GoesToItsEndpointUnderItsNameThere()
    {
        await using var other = await StubChatServer.StartAsync();
        other.On("remote", _ => StubAnswer.Score(0.75));
        await using var judge = await JudgeUnderTest.StartAsync(null,
            ("Judge:Models:a:Name", "gpt-4.1"), ("Judge:Models:a:Endpoint", other.Endpoint.ToString()), ("Judge:Models:a:Model", "remote"), ("Judge:Models:a:ApiKey", "sk-other"));

        var judgement = await judge.ScoreAsync(JudgeUnderTest.Ask("gpt-4.1"));

        Assert.Equal((0.75, "gpt-4.1"), (judgement.Score, judgement.Usage.Single().Model));
        Assert.Equal("Bearer sk-other", other.Questions("remote").Single().Authorization);
    }

    [Fact]
    public async Task Score_SamplingParameters_ReachTheEndpoint()
    {
        var question = JudgeUnderTest.Ask("params");
        question.Votes = 2;
        question.Sampling = new SamplingParams { Temperature = 0.5, TopP = 0.25, Seed = 7, MaxCompletionsTokens = 99, ReasoningEffort = "low" };

        await _judge.ScoreAsync(question);

        var bodies = _judge.Stub.Questions("params").Select(asked => asked.Body).ToArray();
        Assert.Equal([7, 8], bodies.Select(body => body.GetProperty("seed").GetInt32()).Order());
        Assert.Equal((0.5, 0.25, 99, "low"), (bodies[0].GetProperty("temperature").GetDouble(), bodies[0].GetProperty("top_p").GetDouble(),
            bodies[0].GetProperty("max_completion_tokens").GetInt32(), bodies[0].GetProperty("reasoning_effort").GetString()));
        var schema = bodies[0].GetProperty("response_format").GetProperty("json_schema");
        Assert.True(schema.GetProperty("strict").GetBoolean());
        Assert.Equal(["steps", "result"], schema.GetProperty("schema").GetProperty("properties").EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task Score_MoreQuestionsThanAreAllowedAtOnce_Wait()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null, ("Judge:Concurrency", "3"));
        var three = new TaskCompletionSource();
        judge.Stub.On("crowd", question =>
        {
            if (question.Number == 3) three.SetResult();
            return StubAnswer.Score(1).After(three.Task);
        });

        var judgements = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => judge.ScoreAsync(JudgeUnderTest.Ask("crowd", $"{i}"))));

        Assert.All(judgements, judgement => Assert.Equal(1, judgement.Score));
        Assert.Equal(3, judge.Stub.MostOpen("crowd"));
    }

    [Theory]
    [InlineData("Judge:Endpoint", "api.openai.com", "is no address")]
    [InlineData("Judge:Endpoint", "http://example.org/v1", "would carry the key in clear")]
    [InlineData("Judge:Models:a:ApiKey", "sk-a", "without an Endpoint of its own")]
    [InlineData("Judge:Deadline", "00:00:00", "Judge:Deadline")]
    [InlineData("Judge:Attempts", "0", "Attempts")]
    public void Settings_ThatCannotBe_AreRefused(string setting, string value, string expected)
    {
        var settings = new Dictionary<string, string?> { ["Judge:ApiKey"] = JudgeUnderTest.Key, ["Judge:Endpoint"] = "https://example.org/v1", [setting] = value };
        var services = new ServiceCollection().AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        services.AddOptions<JudgeOptions>().BindConfiguration("Judge").ValidateDataAnnotations();
        using var provider = services.BuildServiceProvider();

        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<JudgeOptions>>().Value);

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(JudgeUnderTest.Key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_EndpointThatRepeatsTheKey_DoesNotGetItIntoMessagesOrLogs()
    {
        await using var judge = await JudgeUnderTest.StartAsync(null, ("Judge:Attempts", "2"));
        foreach (var status in (int[])[400, 401, 429, 500])
        {
            var judgement = await judge.ScoreAsync($"leak-{status}", question => StubAnswer.Failure(status, $"bad key {question.Authorization} {JudgeUnderTest.Key} sk-very-***6789"));
            Assert.NotNull(judgement.Failure);
            Assert.DoesNotContain("sk-", judgement.Failure.Message, StringComparison.Ordinal);
        }

        Assert.Equal($"Bearer {JudgeUnderTest.Key}", judge.Stub.Questions("leak-400").Single().Authorization);
        Assert.NotEmpty(judge.Log);
        Assert.All(judge.Log, line => Assert.DoesNotContain("very-secret", line, StringComparison.Ordinal));
    }
}
