using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Files;

/// <summary>The gRPC face of files.</summary>
public sealed class FilesGrpcService(UploadFile uploadFile) : FileService.FileServiceBase
{
    [Needs(Role.User)]
    public override Task<StoredFile> UploadFile(IAsyncStreamReader<UploadFileRequest> requestStream, ServerCallContext context) =>
        Faults.Serve(() => uploadFile.RunAsync(requestStream, context.CancellationToken));
}
