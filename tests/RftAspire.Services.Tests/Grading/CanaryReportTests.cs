using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading;
using RftAspire.Grading.Canaries;

namespace RftAspire.Services.Tests.Grading;

public sealed class CanaryReportTests : IDisposable
{
    private const string Judge = """{"type":"score_model","name":"quality","model":"m","range":[1,5],"input":[{"role":"user","content":"Grade {{sample.output_text}}"}]MARK}""";

    private static readonly string[] s_answers = [":", "b", "c", "d"];
    private readonly ServiceUnderTest<GraderChecks> _service = new(("Grading:CheckLimit", "00:00:10"));

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task OfAsync_GraderOfRules_IsReportedAndNeverStopsTheJob()
    {
        var definition = GraderDefinition.Parse("""{"type":"string_check","name":"not","input":"{{sample.output_text}}","operation":"ne","reference":"{{item.a}}"}""");

        var report = await CanaryReport.OfAsync(definition, new GraderFactory().Create(definition), [Row("Thought process:"), Row("x")], 0.5, null, default);

        Assert.Null(report.Fault);
        Assert.Equal(
            [new("empty", "not", 1, 0), new("colon", "not", 1, 0), new("opener", "not", 0.5, 0), new("echo", "not", 1, 0), new CanaryScore("demand", "not", 1, 0)],
            report.Scores);
    }

    [Theory]
    [InlineData(":", "", "colon", 5, null)]
    [InlineData(":", "", "colon", 3, "never")]
    [InlineData(":", ",\"canary_mark\":0.2", "colon", 3, null)]
    [InlineData("the prompt", "", "echo", 4, null)]
    public async Task OfAsync_JudgeRewardsACanary_StopsAboveTheMark(string liked, string mark, string canary, double score, string? never)
    {
        var definition = GraderDefinition.Parse(Judge.Replace("MARK", mark, StringComparison.Ordinal));
        var grader = new GuardedGrader(definition, new Fake(text => new GradeResult.Reward(text == liked ? score : 1)));

        var report = await CanaryReport.OfAsync(definition, grader, [Row("x"), Row("y")], 0.5, null, default);

        Assert.Equal(never is null, report.Fault is { Code: "gullible_grader" });
        if (never is null) Assert.Contains($"the canary '{canary}' gets {score} of 1 to 5", report.Fault!.Value.Message, StringComparison.Ordinal);
        Assert.Equal(5, report.Scores.Count);
    }

    [Fact]
    public async Task OfAsync_NobodyAnswers_StopsBeforeTheJobSamples()
    {
        var definition = GraderDefinition.Parse(Judge.Replace("MARK", "", StringComparison.Ordinal));
        var grader = new GuardedGrader(definition, new Fake(_ => new GradeResult.Ungraded("judge_unavailable", "connection refused")));

        var report = await CanaryReport.OfAsync(definition, grader, [Row("x")], 0.5, null, default);

        Assert.Equal("grader_unavailable", report.Fault?.Code);
        Assert.Equal("grader 'quality' (score_model) graded none of 1 trial answers, judge_unavailable: connection refused", report.Fault?.Message);
    }

    [Fact]
    public async Task Consume_CheckGrader_SaysWhatTheCanariesGot()
    {
        WriteJob("""{"type":"string_check","name":"exact","input":"{{sample.output_text}}","operation":"eq","reference":"{{item.a}}"}""");

        await _service.Harness.Bus.Publish(new CheckGrader("job-1"));

        var accepted = await NextAsync<GraderAccepted>();
        Assert.Equal(("job-1", 5), (accepted.JobId, accepted.Canaries.Length));
        Assert.Equal(0.25, accepted.Canaries.Single(score => score.Canary == "colon").Reward);
    }

    [Fact]
    public async Task Consume_GraderThatCannotBeUsed_IsRejected()
    {
        WriteJob("""{"type":"string_check","name":"exact"}""");

        await _service.Harness.Bus.Publish(new CheckGrader("job-1"));

        Assert.Equal(("invalid_grader", "grader $.input: is missing; write it as text"), (await NextAsync<GraderRejected>()) is var rejected ? (rejected.Code, rejected.Message) : default);
    }

    [Fact]
    public async Task Consume_GraderIsAway_RejectsWithTheCauseAtTheLimit()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        WriteJob($$"""{"type":"endpoint","url":"http://{{closed.LocalEndPoint}}/grade"}""");

        await _service.Harness.Bus.Publish(new CheckGrader("job-1"));

        var rejected = await NextAsync<GraderRejected>();
        Assert.Equal("grader_unavailable", rejected.Code);
        Assert.Contains("within 00:00:10 (Grading:CheckLimit)", rejected.Message, StringComparison.Ordinal);
        Assert.Contains($"http://{closed.LocalEndPoint} cannot be reached", rejected.Message, StringComparison.Ordinal);
    }

    private async Task<T> NextAsync<T>() where T : class
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var published in _service.Harness.Published.SelectAsync<T>(patience.Token)) return published.Context.Message;
        throw new TimeoutException($"no {typeof(T).Name} was published");
    }

    private void WriteJob(string grader)
    {
        ArtifactStore.WriteJson(_service.Store.JobSpecFile("job-1"), ServiceUnderTest<GraderChecks>.Spec("job-1", grader));
        File.WriteAllLines(_service.Store.TrainingPromptsFile("job-1"), s_answers.Select(answer => JsonSerializer.Serialize(Row(answer), ArtifactStore.Json)));
    }

    private static PromptRow Row(string answer) => new()
    {
        Messages = [new PromptMessage("system", "rules"), new PromptMessage("user", "the prompt")],
        Item = JsonSerializer.SerializeToElement(new { a = answer }),
        Line = 1,
    };

    private sealed class Fake(Func<string, GradeResult> grade) : IGrader
    {
        public ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation) => new(grade(request.Sample.OutputText));

        public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => [];
    }
}
