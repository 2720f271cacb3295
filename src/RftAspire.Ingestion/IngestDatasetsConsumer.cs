using System.Text.Json;
using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;

namespace RftAspire.Ingestion;

/// <summary>
/// Checks a job's datasets, and the grader if it has one, and writes its prompts. A redelivery writes the same bytes and says the same; a file
/// that cannot be opened is thrown, to be tried again.
/// </summary>
public sealed partial class IngestDatasetsConsumer(ArtifactStore store, ILogger<IngestDatasetsConsumer> logger) : IConsumer<IngestDatasets>
{
    public async Task Consume(ConsumeContext<IngestDatasets> context)
    {
        var spec = ArtifactStore.ReadJson<JobSpec>(store.JobSpecFile(context.Message.JobId));
        var report = Check(spec);
        if (report.Verdict == DatasetVerdict.Reject)
        {
            LogRejected(spec.JobId, report.Findings[0].Message);
            await context.Publish(new DatasetsRejected(spec.JobId, report.Findings), context.CancellationToken);
            return;
        }
        WritePrompts(spec, spec.TrainingDatasetId, store.TrainingPromptsFile(spec.JobId));
        if (spec.ValidationDatasetId is { } valid) WritePrompts(spec, valid, store.ValidationPromptsFile(spec.JobId));
        LogIngested(spec.JobId, report.Rows, report.ValidationRows);
        await context.Publish(
            new DatasetsIngested(spec.JobId, report.Rows, report.ValidationRows, report.Findings), context.CancellationToken);
    }

    private DatasetReport Check(JobSpec spec)
    {
        try
        {
            using var train = File.OpenRead(store.DatasetFile(spec.TrainingDatasetId));
            using var valid = spec.ValidationDatasetId is { } id ? File.OpenRead(store.DatasetFile(id)) : null;
            return DatasetChecker.Check(train, valid, Options(spec));
        }
        catch (GraderException error)
        {
            return new DatasetReport(DatasetVerdict.Reject, 0, 0, [new DatasetFinding(null, "invalid_grader", error.Message)], 0);
        }
    }

    private static DatasetCheckOptions Options(JobSpec spec) => spec.Method == TrainingMethod.Supervised
        ? new DatasetCheckOptions { Answered = true }
        : new DatasetCheckOptions { Columns = [.. GraderDefinition.Parse(spec.GraderJson).Columns] };

    private void WritePrompts(JobSpec spec, string datasetId, string path) => ArtifactStore.WriteAtomically(path, stream =>
    {
        using var dataset = File.OpenRead(store.DatasetFile(datasetId));
        foreach (var row in DatasetPrompts.Read(dataset, Options(spec)))
        {
            JsonSerializer.Serialize(stream, row, ArtifactStore.Json);
            stream.WriteByte((byte)'\n');
        }
    });

    [LoggerMessage(Level = LogLevel.Information, Message = "{JobId}: {Training} training and {Validation} validation prompts")]
    private partial void LogIngested(string jobId, int training, int validation);

    [LoggerMessage(Level = LogLevel.Information, Message = "{JobId}: datasets rejected: {Reason}")]
    private partial void LogRejected(string jobId, string reason);
}

/// <summary>One dataset at a time keeps memory bounded; more replicas take more jobs.</summary>
public sealed class IngestDatasetsConsumerDefinition : ConsumerDefinition<IngestDatasetsConsumer>
{
    public IngestDatasetsConsumerDefinition() => ConcurrentMessageLimit = 1;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<IngestDatasetsConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = 2;
}
