using System.Text;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Polly;
using Polly.Retry;
using RftAspire.Contracts.Grading.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Chat;
using RftAspire.Jobs.Graders;

namespace RftAspire.Jobs.Evals;

/// <summary>One row of a run: asks the model, then every grader. The same row gives the same result.</summary>
public sealed class EvalRows(CompleteChat chat, GradingConnection grading, TimeProvider clock)
{
    private const int Tries = 8;

    // What is away comes back; a run need not fail for it.
    private readonly ResiliencePipeline _patience = new ResiliencePipelineBuilder { TimeProvider = clock }.AddRetry(new RetryStrategyOptions
    {
        MaxRetryAttempts = Tries,
        Delay = TimeSpan.FromSeconds(0.5),
        MaxDelay = TimeSpan.FromSeconds(30),
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        ShouldHandle = new PredicateBuilder().Handle<RpcException>(error => error.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.ResourceExhausted),
    }).Build();

    /// <summary>The row's result; what cannot be answered or graded is a result too.</summary>
    /// <exception cref="RpcException">The model or the graders are away for long.</exception>
    public async Task<OutputItem> RunAsync(
        RunRecord record, int number, EvalRow row, RunSource source, IReadOnlyList<Criterion> criteria, CancellationToken cancellation)
    {
        var item = new OutputItem
        {
            Id = EvalStore.ItemId(record.Run.Id, number),
            RunId = record.Run.Id,
            Row = number,
            ItemJson = row.Item.GetRawText(),
            Output = row.Answer ?? "",
            CreatedAt = clock.GetUtcNow().ToTimestamp(),
        };
        if (source.Model.Length > 0) await AnswerAsync(record, item, row, source, cancellation);
        if (item.Error is null)
            foreach (var criterion in criteria) item.Results.Add(await ScoreAsync(criterion, item, cancellation));
        item.Status = item.Error is not null || item.Results.Any(result => result.Ungraded is not null) ? "error" : item.Results.All(result => result.Passed) ? "pass" : "fail";
        return item;
    }

    private async Task AnswerAsync(RunRecord record, OutputItem item, EvalRow row, RunSource source, CancellationToken cancellation)
    {
        var request = source.Sampling.Clone();
        request.Model = source.Model;
        // Each row draws from numbers of its own.
        request.Seed = unchecked((source.Sampling.HasSeed ? source.Sampling.Seed : 0) + item.Row);
        request.Messages.Add(source.Input.For(row.Item).Select(message => new ChatMessage { Role = message.Role, Content = message.Content }));
        item.Input.Add(request.Messages);
        try
        {
            await _patience.ExecuteAsync(async token => await AskAsync(record.Caller, request, item, token), cancellation);
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.InvalidArgument or StatusCode.NotFound)
        {
            item.Error = new JobError { Code = error.StatusCode == StatusCode.NotFound ? "model_not_found" : "invalid_request", Message = error.Status.Detail };
        }
    }

    private async Task AskAsync(Caller caller, CompleteRequest request, OutputItem item, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        await foreach (var part in chat.RunAsync(caller, request, cancellation))
        {
            if (part.Usage is not null) item.Usage = part.Usage;
            if (part.Delta is not { } delta) continue;
            text.Append(delta.Text);
            if (delta.FinishReason.Length > 0) item.FinishReason = delta.FinishReason;
        }
        item.Output = text.ToString();
    }

    private async Task<CriterionScore> ScoreAsync(Criterion criterion, OutputItem item, CancellationToken cancellation)
    {
        var request = new RunRequest { GraderJson = criterion.GraderJson, ItemJson = item.ItemJson, ModelSample = item.Output };
        var graded = await _patience.ExecuteAsync(
            async token => await grading.AskAsync(DateTime.MaxValue, async (client, options) => await client.RunAsync(request, options), token), cancellation);
        var score = new CriterionScore { Name = criterion.Name, Type = criterion.Type, Explanation = graded.Explanation };
        if (graded.ResultCase == RunResponse.ResultOneofCase.Ungraded)
        {
            score.Ungraded = new RolloutFault { Kind = graded.Ungraded.Kind, Message = graded.Ungraded.Message };
            return score;
        }
        (score.Score, score.Passed) = (graded.Reward, graded.Reward >= criterion.PassThreshold);
        return score;
    }
}
