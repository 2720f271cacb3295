using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Training;

/// <summary>Jobs whose answers have a form.</summary>
public sealed class ResponseFormatJobTests : IDisposable
{
    private const string Schema = """{"type":"object","properties":{"c":{"enum":["red","blue"]}},"required":["c"],"additionalProperties":false}""";
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Run_Schema_EveryRolloutIsValidAndTheLearnerAgreesToTheLastBit()
    {
        var store = WriteJob("job-1", $$$"""{"type":"json_schema","json_schema":{"name":"c","strict":true,"schema":{{{Schema}}}}}""");
        await using var training = new TrainingUnderTest(_folder.Path);
        await training.StartAsync("job-1");
        await training.PublishedAsync<JobSucceeded>();
        var rollouts = Enumerable.Range(1, 3).Select(step => store.RolloutsFile("job-1", step)).Append(store.EvalRolloutsFile("job-1", 0))
            .SelectMany(File.ReadLines).SelectMany(line => JsonSerializer.Deserialize<PromptGroupGraded>(line, ArtifactStore.Json)!.Rollouts).ToList();
        Assert.Equal((3 * 16) + 9, rollouts.Count);
        // White space between tokens of JSON is free.
        Assert.Equal(["blue", "red"], rollouts.Select(rollout => Assert.Single(JsonElement.Parse(rollout.Rollout.Text).EnumerateObject().ToList(), field => field.Name == "c").Value.GetString()!)
            .Distinct().Order(StringComparer.Ordinal));
        var steps = training.Published<StepTrained>();
        Assert.Equal(3, steps.Count);
        Assert.All(steps, step => Assert.Equal((1.0, 1.0, 0.0), (step.Metrics["ratio/min"], step.Metrics["ratio/max"], step.Metrics["kl/mismatch"])));
    }

    [Theory]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"c","schema":{"type":"sum"}}}""", "response_format: schema at #")]
    [InlineData("""{"type":"xml"}""", "response_format: type is missing or unknown")]
    public async Task Start_FormatThatCannotBeSampled_FailsBeforeItsTurn(string format, string message)
    {
        TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        WriteJob("job-2", format);
        await using var training = new TrainingUnderTest(_folder.Path, gradesUntilStep: 1);
        await training.StartAsync("job-1");
        await training.PublishedAsync<SamplePromptGroup>(command => command.Id.Step == 2);
        await training.StartAsync("job-2");
        var failed = await training.PublishedAsync<JobFailed>();
        Assert.Equal(("job-2", "invalid_response_format"), (failed.JobId, failed.Code));
        Assert.StartsWith(message, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_ModelWithoutAnEnd_FailsWithTheReason()
    {
        WriteJob("job-1", """{"type":"json_object"}""", ends: false);
        await using var training = new TrainingUnderTest(_folder.Path);
        await training.StartAsync("job-1");
        Assert.Equal("invalid_response_format", (await training.PublishedAsync<JobFailed>()).Code);
    }

    private ArtifactStore WriteJob(string jobId, string format, bool ends = true)
    {
        var store = TrainingUnderTest.WriteJob(_folder.Path, jobId, spec => spec with
        {
            ResponseFormatJson = format,
            Hyperparameters = spec.Hyperparameters with { MaxCompletionTokens = 40 },
        });
        if (ends) TrainingUnderTest.GiveEnd(store);
        return store;
    }
}
