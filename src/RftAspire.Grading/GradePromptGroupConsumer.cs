using System.Text.Json;
using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading;

/// <summary>
/// Grades the rollouts of one prompt group. A redelivery says the same again. A rollout on which the grader fails is data; a job
/// file that cannot be read is thrown, to be tried again.
/// </summary>
public sealed partial class GradePromptGroupConsumer(GradingJobs jobs, ILogger<GradePromptGroupConsumer> logger) : IConsumer<PromptGroupSampled>
{
    public Task Consume(ConsumeContext<PromptGroupSampled> context)
    {
        var group = context.Message;
        var job = jobs.Get(group.Id.JobId);
        var item = job.Item(group.Id);
        return context.Publish(
            new PromptGroupGraded
            {
                Id = group.Id,
                WeightsVersion = group.WeightsVersion,
                PromptTokens = group.PromptTokens,
                Rollouts = [.. group.Rollouts.Select(rollout => Grade(job.Grader, item, rollout, group.Id))],
            },
            context.CancellationToken);
    }

    private GradedRollout Grade(IGrader grader, JsonElement item, Rollout rollout, GroupId id)
    {
        switch (GradeOrExplain(grader, item, rollout.Text))
        {
            case GradeResult.Reward reward:
                return new GradedRollout { Rollout = rollout, Reward = reward.Value };
            case GradeResult.Ungraded ungraded:
                LogUngraded(id, rollout.Index, ungraded.Kind, ungraded.Message);
                return new GradedRollout { Rollout = rollout, Error = new GradingError(ungraded.Kind, ungraded.Message) };
            case var other:
                throw new InvalidOperationException($"no such result: {other}");
        }
    }

    /// <summary>A grader that throws, or rewards with no number, leaves the rollout ungraded.</summary>
    internal static GradeResult GradeOrExplain(IGrader grader, JsonElement item, string text)
    {
        try
        {
            var result = grader.Grade(item, text);
            return result is GradeResult.Reward { Value: var value } && !double.IsFinite(value)
                ? new GradeResult.Ungraded("grader_error", $"the reward is {value}; a reward must be finite")
                : result;
        }
#pragma warning disable CA1031 // Whatever a grader throws concerns one rollout, never the group.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return new GradeResult.Ungraded("grader_error", $"{error.GetType().Name}: {error.Message}");
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
