using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Models;

/// <summary>The gRPC face of models.</summary>
public sealed class ModelsGrpcService(ListModels listModels) : ModelService.ModelServiceBase
{
    [Needs(Role.Viewer)]
    public override Task<ListModelsResponse> ListModels(ListModelsRequest request, ServerCallContext context) =>
        Faults.Serve(listModels.RunAsync);
}
