using System.Diagnostics;
using Grpc.Core;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge.Answers;
using RftAspire.Judge.Prompts;
using RftAspire.Judge.State;

namespace RftAspire.Judge;

/// <summary>rft.judge.v1: looks for a remembered judgement, else puts the matter to the panel.</summary>
public sealed class JudgeGrpcService : JudgeService.JudgeServiceBase
{
    private readonly JudgeModels _models;
    private readonly Panel _panel;
    private readonly JudgeStore _store;
    private readonly JudgeMetrics _metrics;

    public JudgeGrpcService(IServiceProvider services) => (_models, _panel, _store, _metrics) = (
        services.GetRequiredService<JudgeModels>(), services.GetRequiredService<Panel>(),
        services.GetRequiredService<JudgeStore>(), services.GetRequiredService<JudgeMetrics>());

    public override Task<Judgement> Score(ScoreRequest request, ServerCallContext context)
    {
        RequestChecks.Check(request);
        var form = request.Range is { } range ? new ScoreForm(range.Min, range.Max) : new ScoreForm(0, 1);
        return JudgeAsync(request.Question, RequestDigest.Of(request), [request.Question.Messages], form, request.MaxDifference, context.CancellationToken);
    }

    public override Task<Judgement> Label(LabelRequest request, ServerCallContext context)
    {
        RequestChecks.Check(request);
        var form = new ChoiceForm([.. request.Labels]);
        return JudgeAsync(request.Question, RequestDigest.Of(request), [request.Question.Messages], form, 0, context.CancellationToken);
    }

    public override Task<Judgement> Compare(CompareRequest request, ServerCallContext context)
    {
        RequestChecks.Check(request);
        var (a, b) = (request.CandidateA, request.CandidateB);
        return JudgeAsync(request.Question, RequestDigest.Of(request), [Candidates(request, a, b), Candidates(request, b, a)],
            new ChoiceForm([Agreement.First, Agreement.Second, Agreement.Tie]), 0, context.CancellationToken);
    }

    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) => Task.FromResult(new ListModelsResponse
    {
        Models = { _models.List().Select(model => new JudgeModel { Name = model.Name, Own = model.Own }) },
        AnyName = _models.AnyName,
    });

    private async Task<Judgement> JudgeAsync(
        Question question, string digest, IReadOnlyList<IEnumerable<Message>> orders, AnswerForm form, double maxDifference, CancellationToken cancellation)
    {
        var start = Stopwatch.GetTimestamp();
        IJudgeBackend[] judges = question.SecondModel.Length > 0 ? [Find("model", question.Model), Find("second_model", question.SecondModel)] : [Find("model", question.Model)];
        // Judgements are of the models as they are configured now and of the prompt as it is written now.
        var key = RequestDigest.Of([digest, Prompt.Edition, .. judges.Select(judge => judge.Identity)]);
        var judgement = question.Fresh ? null : await _store.FindAsync(key);
        if (judgement is null)
        {
            var matter = new Matter(digest, [.. orders.Select(messages => Prompt.Write(messages, form, digest[..24]))], judges,
                question.Sampling ?? new SamplingParams(), Math.Max(question.Votes, 1), maxDifference, question.JobId);
            judgement = Judgements.Of(await _panel.JudgeAsync(matter, cancellation), comparison: orders.Count > 1);
            if (judgement.Failure is null) await _store.RememberAsync(key, judgement);
            else _metrics.Failed(judgement.Failure.Kind);
        }
        else
        {
            _metrics.Remembered();
            judgement.Cached = true;
            judgement.Usage.Clear();
        }
        judgement.Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return judgement;
    }

    private IJudgeBackend Find(string field, string name) => _models.Find(name) ?? throw new RpcException(new Status(
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
