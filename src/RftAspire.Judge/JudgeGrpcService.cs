using System.Diagnostics;
using Grpc.Core;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge.Answers;
using RftAspire.Judge.Prompts;
using RftAspire.Judge.State;

namespace RftAspire.Judge;

/// <summary>rft.judge.v1: looks for a remembered judgement, else puts the matter to the panel.</summary>
internal sealed class JudgeGrpcService(
    JudgeModels models, Panel panel, JudgeStore store, JudgeMetrics metrics, IHostApplicationLifetime lifetime) : JudgeService.JudgeServiceBase
{
    public override Task<Judgement> Score(ScoreRequest request, ServerCallContext context)
    {
        RequestChecks.Check(request);
        var form = request.Range is { } range ? new ScoreForm(range.Min, range.Max) : new ScoreForm(0, 1);
        return JudgeAsync(request.Question, RequestDigest.Of(request), [request.Question.Messages], form, request.MaxDifference, context);
    }

    public override Task<Judgement> Label(LabelRequest request, ServerCallContext context)
    {
        RequestChecks.Check(request);
        var form = new ChoiceForm([.. request.Labels]);
        return JudgeAsync(request.Question, RequestDigest.Of(request), [request.Question.Messages], form, 0, context);
    }

    public override Task<Judgement> Compare(CompareRequest request, ServerCallContext context)
    {
        RequestChecks.Check(request);
        var (a, b) = (request.CandidateA, request.CandidateB);
        return JudgeAsync(request.Question, RequestDigest.Of(request), [Candidates(request, a, b), Candidates(request, b, a)],
            new ChoiceForm([Agreement.First, Agreement.Second, Agreement.Tie]), 0, context);
    }

    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) => Task.FromResult(new ListModelsResponse
    {
        Models = { models.List().Select(model => new JudgeModel { Name = model.Name, Own = model.Own }) },
        AnyName = models.AnyName,
    });

    private async Task<Judgement> JudgeAsync(
        Question question, string digest, IReadOnlyList<IEnumerable<Message>> orders, AnswerForm form, double maxDifference, ServerCallContext context)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        var start = Stopwatch.GetTimestamp();
        try
        {
            var judgement = await JudgeAsync(question, digest, orders, form, maxDifference, ending.Token);
            judgement.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            return judgement;
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "Judge is stopping; ask again"));
        }
    }

    private async Task<Judgement> JudgeAsync(
        Question question, string digest, IReadOnlyList<IEnumerable<Message>> orders, AnswerForm form, double maxDifference, CancellationToken cancellation)
    {
        IJudgeBackend[] judges = question.SecondModel.Length > 0 ? [Find("model", question.Model), Find("second_model", question.SecondModel)] : [Find("model", question.Model)];
        // Judgements are of the models as they are configured now and of the prompt as it is written now.
        var key = RequestDigest.Of([digest, Prompt.Edition, .. judges.Select(judge => judge.Identity)]);
        if (!question.Fresh && await store.FindAsync(key) is { } known)
        {
            metrics.Remembered();
            known.Cached = true;
            known.Usage.Clear();
            return known;
        }
        var matter = new Matter(digest, [.. orders.Select(messages => Prompt.Write(messages, form, digest[..24]))], judges,
            question.Sampling ?? new SamplingParams(), Math.Max(question.Votes, 1), maxDifference, question.JobId);
        var judgement = Judgements.Of(await panel.JudgeAsync(matter, cancellation), comparison: orders.Count > 1);
        if (judgement.Failure is null) await store.RememberAsync(key, judgement);
        else metrics.Failed(judgement.Failure.Kind);
        return judgement;
    }

    private IJudgeBackend Find(string field, string name) => models.Find(name) ?? throw new RpcException(new Status(
        StatusCode.NotFound, $"question.{field}: nobody judges as '{name}'; set Judge:Models:{name} or Judge:Endpoint, or name a model of ListModels"));

    private static IEnumerable<Message> Candidates(CompareRequest request, string first, string second) =>
    [
        .. request.Question.Messages,
        new Message
        {
            Role = "user",
            Parts =
            {
                new Part { Text = "Compare two candidates by the instructions above. The first:" },
                new Part { Data = new Data { Name = Agreement.First, Value = first } },
                new Part { Text = "The second:" },
                new Part { Data = new Data { Name = Agreement.Second, Value = second } },
                new Part { Text = $"The result is \"{Agreement.First}\" or \"{Agreement.Second}\", whichever is better, or \"{Agreement.Tie}\". Their order says nothing." },
            },
        },
    ];
}
