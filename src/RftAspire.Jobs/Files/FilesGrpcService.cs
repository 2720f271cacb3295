using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Files;

/// <summary>The gRPC face of files.</summary>
public sealed class FilesGrpcService(ReceiveFile receiveFile, ReadFiles readFiles, DeleteFile deleteFile) : FileService.FileServiceBase
{
    [Needs(Role.User)]
    public override Task<StoredFile> UploadFile(IAsyncStreamReader<UploadFileRequest> requestStream, ServerCallContext context) =>
        Faults.Serve(() => receiveFile.RunAsync(context.GetCaller(), requestStream, context.CancellationToken));

    [Needs(Role.Viewer)]
    public override Task<StoredFile> GetFile(GetFileRequest request, ServerCallContext context) =>
        Faults.Serve(() => readFiles.GetAsync(context.GetCaller(), request.FileId));

    [Needs(Role.Viewer)]
    public override Task<ListFilesResponse> ListFiles(ListFilesRequest request, ServerCallContext context) =>
        Faults.Serve(() => readFiles.ListAsync(context.GetCaller(), request));

    [Needs(Role.User)]
    public override Task<DeleteFileResponse> DeleteFile(DeleteFileRequest request, ServerCallContext context) =>
        Faults.Serve(() => deleteFile.RunAsync(context.GetCaller(), request.FileId));

    [Needs(Role.Viewer)]
    public override Task DownloadFile(DownloadFileRequest request, IServerStreamWriter<DownloadFileResponse> responseStream, ServerCallContext context) =>
        Faults.Serve(() => readFiles.DownloadAsync(context.GetCaller(), request.FileId, responseStream, context.CancellationToken));
}
