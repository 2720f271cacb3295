using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Evals;

/// <summary>The gRPC face of evals.</summary>
public sealed class EvalsGrpcService(EditEvals evals, EvalRuns runs) : EvalService.EvalServiceBase
{
    [Needs(Role.User)]
    public override Task<Eval> CreateEval(CreateEvalRequest request, ServerCallContext context) =>
        Faults.Serve(() => evals.CreateAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task<Eval> GetEval(GetEvalRequest request, ServerCallContext context) =>
        Faults.Serve(() => evals.GetAsync(context.GetCaller(), request.EvalId));

    [Needs(Role.Viewer)]
    public override Task<ListEvalsResponse> ListEvals(ListEvalsRequest request, ServerCallContext context) =>
        Faults.Serve(() => evals.ListAsync(context.GetCaller(), request));

    [Needs(Role.User)]
    public override Task<Eval> UpdateEval(UpdateEvalRequest request, ServerCallContext context) =>
        Faults.Serve(() => evals.UpdateAsync(context.GetCaller(), request));

    [Needs(Role.User)]
    public override Task<DeleteEvalResponse> DeleteEval(DeleteEvalRequest request, ServerCallContext context) => Faults.Serve(async () =>
    {
        await evals.DeleteAsync(context.GetCaller(), request.EvalId);
        return new DeleteEvalResponse();
    });

    [Needs(Role.User)]
    public override Task<EvalRun> CreateEvalRun(CreateEvalRunRequest request, ServerCallContext context) =>
        Faults.Serve(() => runs.CreateAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task<EvalRun> GetEvalRun(GetEvalRunRequest request, ServerCallContext context) =>
        Faults.Serve(() => runs.GetAsync(context.GetCaller(), request.EvalId, request.RunId));

    [Needs(Role.Viewer)]
    public override Task<ListEvalRunsResponse> ListEvalRuns(ListEvalRunsRequest request, ServerCallContext context) =>
        Faults.Serve(() => runs.ListAsync(context.GetCaller(), request));

    [Needs(Role.User)]
    public override Task<EvalRun> CancelEvalRun(CancelEvalRunRequest request, ServerCallContext context) =>
        Faults.Serve(() => runs.CancelAsync(context.GetCaller(), request.EvalId, request.RunId));

    [Needs(Role.User)]
    public override Task<DeleteEvalRunResponse> DeleteEvalRun(DeleteEvalRunRequest request, ServerCallContext context) => Faults.Serve(async () =>
    {
        await runs.DeleteAsync(context.GetCaller(), request.EvalId, request.RunId);
        return new DeleteEvalRunResponse();
    });

    [Needs(Role.Viewer)]
    public override Task<ListOutputItemsResponse> ListOutputItems(ListOutputItemsRequest request, ServerCallContext context) =>
        Faults.Serve(() => runs.ListItemsAsync(context.GetCaller(), request));

    [Needs(Role.Viewer)]
    public override Task<OutputItem> GetOutputItem(GetOutputItemRequest request, ServerCallContext context) =>
        Faults.Serve(() => runs.GetItemAsync(context.GetCaller(), request));
}
