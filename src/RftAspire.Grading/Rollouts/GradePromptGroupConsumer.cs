using System.Text.Json;
using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading.Rollouts;

/// <summary>
/// Grades the rollouts of one prompt group, all at once. A redelivery says the same again. A rollout on which the grader fails is
/// data; a job file that cannot be read is thrown, to be tried again.
/// </summary>
public sealed partial class GradePromptGroupConsumer(GradingJobs jobs, ILogger<GradePromptGroupConsumer> logger) : IConsumer<PromptGroupSampled>
{
    public async Task Consume(ConsumeContext<PromptGroupSampled> context)
    {
        var group = context.Message;
        var job = jobs.Get(group.Id.JobId);
        var item = job.Item(group.Id);
        var graded = await Task.WhenAll(group.Rollouts.Select(rollout => GradeAsync(job.Grader, item, rollout, group.Id, context.CancellationToken)));
        await context.Publish(
            new PromptGroupGraded { Id = group.Id, WeightsVersion = group.WeightsVersion, PromptTokens = group.PromptTokens, Rollouts = graded },
            context.CancellationToken);
    }

    private async Task<GradedRollout> GradeAsync(IGrader grader, JsonElement item, Rollout rollout, GroupId id, CancellationToken cancellation)
    {
        var request = new GradeRequest(item, new Sample(rollout.Text, rollout.FinishReason)) { JobId = id.JobId };
        var result = await grader.GradeAsync(request, cancellation);
        var graded = new GradedRollout { Rollout = rollout, Parts = [.. result.Parts] };
        switch (result)
        {
            case GradeResult.Reward reward:
                return graded with { Reward = reward.Value };
            case GradeResult.Ungraded ungraded:
                LogUngraded(id, rollout.Index, ungraded.Kind, ungraded.Message);
                return graded with { Error = new GradingError(ungraded.Kind, ungraded.Message) };
            default:
                throw new InvalidOperationException($"no such result: {result}");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Group} rollout {Index} is ungraded, {Kind}: {Reason}")]
    private partial void LogUngraded(GroupId group, int index, string kind, string reason);
}

/// <summary>Grading is a computation: as many groups at once as there are cores, and as many again at hand.</summary>
public sealed class GradePromptGroupConsumerDefinition : ConsumerDefinition<GradePromptGroupConsumer>
{
    public GradePromptGroupConsumerDefinition() => ConcurrentMessageLimit = Environment.ProcessorCount;

    protected override void ConfigureConsumer(
        IReceiveEndpointConfigurator endpointConfigurator, IConsumerConfigurator<GradePromptGroupConsumer> consumerConfigurator, IRegistrationContext context) =>
        endpointConfigurator.PrefetchCount = 2 * Environment.ProcessorCount;
}
