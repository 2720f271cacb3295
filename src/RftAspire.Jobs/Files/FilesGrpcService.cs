using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Files;

/// <summary>The gRPC face of files.</summary>
public sealed class FilesGrpcService(UploadFile uploadFile) : FileService.FileServiceBase
{
    public override Task<StoredFile> UploadFile(IAsyncStreamReader<UploadFileRequest> requestStream, ServerCallContext context) =>
        Faults.Serve(() => uploadFile.RunAsync(requestStream, context.CancellationToken));
}
