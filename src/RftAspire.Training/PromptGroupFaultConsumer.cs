using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>
/// A worker that fails on a group even when it tries again has met a fault that waiting does not mend: the job says so at once.
/// </summary>
public sealed class PromptGroupFaultConsumer(RolloutExchange exchange) : IConsumer<Fault<SamplePromptGroup>>, IConsumer<Fault<PromptGroupSampled>>
{
    public Task Consume(ConsumeContext<Fault<SamplePromptGroup>> context) => Fail(context.Message.Message.Id, "sampling_failed", context.Message.Exceptions);

    public Task Consume(ConsumeContext<Fault<PromptGroupSampled>> context) => Fail(context.Message.Message.Id, "grading_failed", context.Message.Exceptions);

    private Task Fail(GroupId id, string code, ExceptionInfo[] exceptions)
    {
        var cause = exceptions.Length > 0 ? exceptions[0].Message : "no cause given";
        exchange.Fail(id, new TrainingException(code, $"step {id.Step}, group {id.Group}: {cause}"));
        return Task.CompletedTask;
    }
}
