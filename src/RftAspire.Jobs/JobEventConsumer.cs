using MassTransit;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.State;
using StackExchange.Redis;
using DatasetFinding = RftAspire.Contracts.Messages.DatasetFinding;
using EvalCompleted = RftAspire.Contracts.Messages.EvalCompleted;
using StepTrained = RftAspire.Contracts.Messages.StepTrained;

namespace RftAspire.Jobs;

/// <summary>
/// Records what Ingestion and Training say of a job. One queue for all of it keeps a job's events in the order in which they
/// were published.
/// </summary>
public sealed class JobEventConsumer(JobStore jobs, ILogger<JobEventConsumer> logger) :
    IConsumer<DatasetsIngested>,
    IConsumer<DatasetsRejected>,
    IConsumer<TrainingStarted>,
    IConsumer<StepTrained>,
    IConsumer<EvalCompleted>,
    IConsumer<JobSucceeded>,
    IConsumer<JobFailed>,
    IConsumer<JobCancelled>
{
    private const int FindingsShown = 5;

    public async Task Consume(ConsumeContext<DatasetsIngested> context)
    {
        var message = context.Message;
        if (message.Warnings.Length > 0)
            await ApplyAsync(message.JobId, new JobChange.Note("warnings", "dataset warnings: " + Describe(message.Warnings)));
        var job = await ApplyAsync(message.JobId, new JobChange.Move(JobTrigger.DatasetsIngested));
        // Also when the message comes again: the first time may have died between the two lines.
        if (job?.State == JobState.Queued) await context.Publish(new StartTraining(message.JobId));
    }

    public Task Consume(ConsumeContext<DatasetsRejected> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.DatasetsRejected)
        {
            Error = new JobError { Code = "invalid_dataset", Message = Describe(context.Message.Findings) },
        });

    public Task Consume(ConsumeContext<TrainingStarted> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.TrainingStarted) { TotalSteps = context.Message.TotalSteps });

    public Task Consume(ConsumeContext<StepTrained> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Trained(context.Message.Step, context.Message.TotalSteps, context.Message.Metrics));

    public Task Consume(ConsumeContext<EvalCompleted> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Evaluated(context.Message.Step, context.Message.Metrics));

    public Task Consume(ConsumeContext<JobSucceeded> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobSucceeded)
        {
            TunedModel = context.Message.ModelName,
            WeightsDigest = context.Message.WeightsDigest,
        });

    public Task Consume(ConsumeContext<JobFailed> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobFailed)
        {
            Error = new JobError { Code = context.Message.Code, Message = context.Message.Message },
        });

    public Task Consume(ConsumeContext<JobCancelled> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobCancelled));

    private async Task<JobRecord?> ApplyAsync(string jobId, JobChange change)
    {
        var job = await jobs.ApplyAsync(jobId, change);
        if (job is null) logger.LogWarning("An event of job {JobId} is dropped: there is no such job", jobId);
        return job;
    }

    private static string Describe(DatasetFinding[] findings)
    {
        var shown = findings.Take(FindingsShown).Select(finding =>
            finding.Line is { } line ? $"line {line}: {finding.Message}" : finding.Message);
        var more = findings.Length > FindingsShown ? $"; and {findings.Length - FindingsShown} more" : "";
        return string.Join("; ", shown) + more;
    }
}

/// <summary>One event at a time, and patience with Redis: an event must not be lost to an error queue for an outage.</summary>
public sealed class JobEventConsumerDefinition : ConsumerDefinition<JobEventConsumer>
{
    public JobEventConsumerDefinition() => ConcurrentMessageLimit = 1;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator,
        IConsumerConfigurator<JobEventConsumer> consumerConfigurator,
        IRegistrationContext context) =>
        // Well under RabbitMQ's limit of 30 minutes for one delivery.
        endpointConfigurator.UseMessageRetry(retry =>
        {
            retry.Handle<RedisException>();
            retry.Handle<TimeoutException>();
            retry.Interval(100, TimeSpan.FromSeconds(3));
        });
}
