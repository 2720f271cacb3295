using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Ingestion;

namespace RftAspire.Services.Tests.Ingestion;

public sealed class IngestDatasetsConsumerTests : IDisposable
{
    private const string Grader = """{"type":"label_set","name":"f1","reference":"{{item.labels}}","beta":1}""";
    private const string Train = """
        {"messages":[{"role":"user","content":"One?"}],"labels":["A"]}
        {"messages":[{"role":"user","content":"Two?"}],"labels":["B","A"]}
        """;
    private const string Valid = """{"messages":[{"role":"user","content":"Three?"}],"labels":[]}""";

    private readonly ServiceUnderTest<IngestDatasetsConsumer> _service = new();

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task Consume_SoundDatasets_WritesPromptsAndSaysSo()
    {
        WriteJob(Grader, Train, Valid);

        await _service.Harness.Bus.Publish(new IngestDatasets("job-1"));

        var ingested = await Next<DatasetsIngested>();
        Assert.Equal(("job-1", 2, 1), (ingested.JobId, ingested.TrainingPrompts, ingested.ValidationPrompts));
        Assert.Empty(ingested.Warnings);
        Assert.Equal(
            ["""{"messages":[{"role":"user","content":"One?"}],"item":{"messages":[{"role":"user","content":"One?"}],"labels":["A"]},"line":1}""",
             """{"messages":[{"role":"user","content":"Two?"}],"item":{"messages":[{"role":"user","content":"Two?"}],"labels":["B","A"]},"line":2}"""],
            File.ReadAllLines(_service.Store.TrainingPromptsFile("job-1")));
        Assert.Single(File.ReadAllLines(_service.Store.ValidationPromptsFile("job-1")));
    }

    [Fact]
    public async Task Consume_Redelivery_WritesTheSameBytesAndSaysTheSame()
    {
        WriteJob(Grader, Train, Valid);
        await _service.Harness.Bus.Publish(new IngestDatasets("job-1"));
        await Next<DatasetsIngested>();
        var before = File.ReadAllBytes(_service.Store.TrainingPromptsFile("job-1"));

        await _service.Harness.Bus.Publish(new IngestDatasets("job-1"));

        var second = await Next<DatasetsIngested>(skip: 1);
        Assert.Equal(("job-1", 2, 1), (second.JobId, second.TrainingPrompts, second.ValidationPrompts));
        Assert.Equal(before, File.ReadAllBytes(_service.Store.TrainingPromptsFile("job-1")));
    }

    [Theory]
    [InlineData("""{"type":"label_set","name":"f1","reference":"{{item.label}}"}""", 1, "missing_column")]
    [InlineData("""{"type":"label_sets","name":"f1","reference":"{{item.labels}}"}""", null, "invalid_grader")]
    public async Task Consume_GraderThatDoesNotFit_RejectsAndWritesNothing(string grader, int? line, string code)
    {
        WriteJob(grader, Train, Valid);

        await _service.Harness.Bus.Publish(new IngestDatasets("job-1"));

        var rejected = await Next<DatasetsRejected>();
        Assert.Equal((line, code), (rejected.Findings[0].Line, rejected.Findings[0].Code));
        Assert.False(File.Exists(_service.Store.TrainingPromptsFile("job-1")));
    }

    [Fact]
    public async Task Consume_SupervisedJob_WritesConversationsWithWhatIsLearned()
    {
        const string rows = """
            {"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"1"}]}
            {"messages":[{"role":"user","content":"Two?"},{"role":"assistant","content":"no","weight":0},{"role":"user","content":"Then?"},{"role":"assistant","content":"2"}]}
            """;
        WriteJob("", rows, """{"messages":[{"role":"user","content":"Three?"},{"role":"assistant","content":"3"}]}""", TrainingMethod.Supervised);

        await _service.Harness.Bus.Publish(new IngestDatasets("job-1"));

        var ingested = await Next<DatasetsIngested>();
        Assert.Equal((2, 1), (ingested.TrainingPrompts, ingested.ValidationPrompts));
        var lines = File.ReadAllLines(_service.Store.TrainingPromptsFile("job-1"));
        Assert.Equal("""{"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"1"}],"item":{"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"1"}]},"line":1,"learned":[1]}""", lines[0]);
        Assert.EndsWith("\"line\":2,\"learned\":[3]}", lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TrainingMethod.Supervised, """{"messages":[{"role":"user","content":"One?"}]}""", "last_message_not_assistant")]
    [InlineData(TrainingMethod.Supervised, """{"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"1","weight":0}]}""", "nothing_to_learn")]
    [InlineData(TrainingMethod.Supervised, """{"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"1","weight":2}]}""", "invalid_weight")]
    [InlineData(TrainingMethod.Reinforcement, """{"messages":[{"role":"user","content":"One?"},{"role":"assistant","content":"1"}],"labels":["A"]}""", "last_message_not_user")]
    public async Task Consume_RowsOfTheOtherMethod_AreRejected(TrainingMethod method, string row, string code)
    {
        WriteJob(method == TrainingMethod.Supervised ? "" : Grader, row, row, method);

        await _service.Harness.Bus.Publish(new IngestDatasets("job-1"));

        var finding = (await Next<DatasetsRejected>()).Findings[0];
        Assert.Equal((1, code), (finding.Line, finding.Code));
    }

    private async Task<T> Next<T>(int skip = 0) where T : class
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await foreach (var published in _service.Harness.Published.SelectAsync<T>(patience.Token))
        {
            if (skip-- == 0) return published.Context.Message;
        }
        throw new TimeoutException($"no {typeof(T).Name} was published");
    }

    private void WriteJob(string grader, string train, string valid, TrainingMethod method = TrainingMethod.Reinforcement)
    {
        Write(_service.Store.DatasetFile("file-train"), train);
        Write(_service.Store.DatasetFile("file-valid"), valid);
        ArtifactStore.WriteJson(_service.Store.JobSpecFile("job-1"), ServiceUnderTest<IngestDatasetsConsumer>.Spec("job-1", grader) with { Method = method });
    }

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
