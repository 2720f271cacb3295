using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Metrics;
using RftAspire.Jobs.State;
using RftAspire.Jobs.Webhooks;
using StackExchange.Redis;
using DatasetFinding = RftAspire.Contracts.Messages.DatasetFinding;
using EvalCompleted = RftAspire.Contracts.Messages.EvalCompleted;
using StepTrained = RftAspire.Contracts.Messages.StepTrained;

namespace RftAspire.Jobs;

/// <summary>
/// Records what Ingestion, Grading and Training say of a job. One queue for all of it keeps a job's events in the order in which they
/// were published.
/// </summary>
public sealed class JobEventConsumer(JobStore jobs, WriteResults results, WebhookSender webhooks, ILogger<JobEventConsumer> logger) :
    IConsumer<DatasetsIngested>,
    IConsumer<DatasetsRejected>,
    IConsumer<GraderAccepted>,
    IConsumer<GraderRejected>,
    IConsumer<TrainingStarted>,
    IConsumer<StepTrained>,
    IConsumer<EvalCompleted>,
    IConsumer<JobSucceeded>,
    IConsumer<JobFailed>,
    IConsumer<JobCancelled>,
    IConsumer<JobPaused>,
    IConsumer<CheckpointsKept>
{
    private const int FindingsShown = 5;

    public async Task Consume(ConsumeContext<DatasetsIngested> context)
    {
        var message = context.Message;
        if (message.Warnings.Length > 0)
            await ApplyAsync(message.JobId, new JobChange.Note("warnings", "dataset warnings: " + Describe(message.Warnings)));
        if (await jobs.FindAsync(message.JobId) is not { } job) return;
        if (job.Spec.Method == TrainingMethod.Supervised) await AcceptAsync(context, message.JobId);
        // The job stays in Validating, whose sweep leads here again.
        else if (job.State == JobState.Validating) await context.Publish(new CheckGrader(message.JobId));
    }

    public async Task Consume(ConsumeContext<GraderAccepted> context)
    {
        var message = context.Message;
        await ApplyAsync(message.JobId, new JobChange.GraderChecked(message.Canaries));
        await AcceptAsync(context, message.JobId);
    }

    public async Task Consume(ConsumeContext<GraderRejected> context)
    {
        var message = context.Message;
        if (message.Canaries.Length > 0) await ApplyAsync(message.JobId, new JobChange.GraderChecked(message.Canaries));
        await EndAsync(message.JobId, new JobChange.Move(JobTrigger.InputsRejected) { Error = new JobError { Code = message.Code, Message = message.Message } });
    }

    public Task Consume(ConsumeContext<DatasetsRejected> context) =>
        EndAsync(context.Message.JobId, new JobChange.Move(JobTrigger.InputsRejected)
        {
            Error = new JobError { Code = "invalid_dataset", Message = Describe(context.Message.Findings) },
        });

    public Task Consume(ConsumeContext<TrainingStarted> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.TrainingStarted)
        {
            Round = context.Message.Round,
            TotalSteps = context.Message.TotalSteps,
        });

    public Task Consume(ConsumeContext<JobPaused> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobPaused) { Round = context.Message.Round });

    public Task Consume(ConsumeContext<CheckpointsKept> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Kept(context.Message.Change, context.Message.Checkpoints));

    public Task Consume(ConsumeContext<StepTrained> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Trained(context.Message.Step, context.Message.TotalSteps, context.Message.Metrics));

    public Task Consume(ConsumeContext<EvalCompleted> context) =>
        ApplyAsync(context.Message.JobId, new JobChange.Evaluated(context.Message.Step, context.Message.Metrics));

    public Task Consume(ConsumeContext<JobSucceeded> context) =>
        EndAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobSucceeded)
        {
            TunedModel = context.Message.ModelName,
            WeightsDigest = context.Message.WeightsDigest,
        });

    public Task Consume(ConsumeContext<JobFailed> context) =>
        EndAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobFailed)
        {
            Error = new JobError { Code = context.Message.Code, Message = context.Message.Message },
        });

    public Task Consume(ConsumeContext<JobCancelled> context) =>
        EndAsync(context.Message.JobId, new JobChange.Move(JobTrigger.JobCancelled));

    private async Task EndAsync(string jobId, JobChange.Move end)
    {
        if (await jobs.FindAsync(jobId) is { } job && job.IsMovedBy(end.Trigger)) end = end with { ResultFileId = await ResultFileAsync(job) };
        await ApplyAsync(jobId, end);
    }

    // A full disk must not keep a job from its end.
    private async Task<string?> ResultFileAsync(JobRecord job)
    {
        try
        {
            return await results.RunAsync(job);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.LogError("Job {JobId} ends without a result file: {Reason}", job.Spec.JobId, error.Message);
            return null;
        }
    }

    private async Task AcceptAsync(ConsumeContext context, string jobId)
    {
        var job = await ApplyAsync(jobId, new JobChange.Move(JobTrigger.InputsAccepted));
        // Also when the message comes again: the first time may have died between the two lines.
        if (job?.State == JobState.Queued) await context.Publish(new StartTraining(jobId, job.Round));
    }

    private async Task<JobRecord?> ApplyAsync(string jobId, JobChange change)
    {
        var job = await jobs.ApplyAsync(jobId, change);
        if (job is null) logger.LogWarning("An event of job {JobId} is dropped: there is no such job", jobId);
        else await webhooks.AnnounceAsync(job);
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
        // With the tries around it still under RabbitMQ's limit of 30 minutes for one delivery.
        endpointConfigurator.UseMessageRetry(retry =>
        {
            retry.Handle<RedisException>();
            retry.Handle<TimeoutException>();
            retry.Interval(50, TimeSpan.FromSeconds(3));
        });
}
