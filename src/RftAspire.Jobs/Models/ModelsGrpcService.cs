using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Models;

/// <summary>The gRPC face of models.</summary>
public sealed class ModelsGrpcService(ListModels listModels, DeleteModel deleteModel, ExportModel exportModel) : ModelService.ModelServiceBase
{
    [Needs(Role.Viewer)]
    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) =>
        Faults.Serve(() => listModels.RunAsync(context.GetCaller()));

    [Needs(Role.Viewer)]
    public override Task<Model> GetModel(GetModelRequest request, ServerCallContext context) =>
        Faults.Serve(() => listModels.GetAsync(context.GetCaller(), request.Name));

    [Needs(Role.User)]
    public override async Task<DeleteModelResponse> DeleteModel(DeleteModelRequest request, ServerCallContext context)
    {
        await Faults.Serve(() => deleteModel.RunAsync(context.GetCaller(), request.Name));
        return new DeleteModelResponse();
    }

    [Needs(Role.User, Reads = true)]
    public override Task ExportModel(ExportModelRequest request, IServerStreamWriter<ExportModelResponse> responseStream, ServerCallContext context) =>
        Faults.Serve(() => exportModel.RunAsync(context.GetCaller(), request.Name, responseStream, context.CancellationToken));
}
