using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>Datasets and results.</summary>
public sealed class FilesClient
{
    private const int ChunkBytes = 256 * 1024;
    private readonly FileService.FileServiceClient _files;
    private readonly CallPolicy _policy;

    internal FilesClient(FileService.FileServiceClient files, CallPolicy policy) => (_files, _policy) = (files, policy);

    /// <summary>Uploads a file from disk. A dataset that the checks refuse is an <see cref="InvalidRequestException"/>, and nothing is stored.</summary>
    /// <param name="path">The file; its name without folders is the name it gets.</param>
    /// <param name="purpose">fine-tune, evals, user_data, assistants, batch or vision.</param>
    /// <param name="cancellation">Breaks the upload off.</param>
    public async Task<StoredFile> UploadAsync(string path, string purpose = "fine-tune", CancellationToken cancellation = default)
    {
        await using var content = File.OpenRead(path);
        return await UploadAsync(content, new FileHeader { Filename = Path.GetFileName(path), Purpose = purpose }, cancellation);
    }

    /// <summary>Uploads what a stream holds from where it stands.</summary>
    public Task<StoredFile> UploadAsync(Stream content, FileHeader header, CancellationToken cancellation = default) => CallPolicy.OnceAsync(async () =>
    {
        using var call = _files.UploadFile(_policy.Call(_policy.Options.TransferTimeout, cancellation));
        try
        {
            await SendAsync(call.RequestStream, header, content, cancellation);
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException)
        {
            // The platform may refuse a file before its last byte; the response says why, the failed write does not.
        }
        return await call.ResponseAsync;
    });

    public Task<StoredFile> GetAsync(string fileId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _files.GetFileAsync(new() { FileId = fileId }, options), cancellation);

    /// <summary>All files, or those of one purpose, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<StoredFile> ListAsync(string purpose = "", CancellationToken cancellation = default) => Pages.AllAsync(
        async after => await _policy.AskAsync(options => _files.ListFilesAsync(new() { After = after, Purpose = purpose }, options), cancellation),
        page => page.Files, page => page.HasMore, file => file.Id);

    public Task DeleteAsync(string fileId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _files.DeleteFileAsync(new() { FileId = fileId }, options), cancellation);

    /// <summary>Writes the file's bytes to a stream.</summary>
    public async Task DownloadAsync(string fileId, Stream destination, CancellationToken cancellation = default)
    {
        await foreach (var part in _policy.StreamAsync(
            options => _files.DownloadFile(new() { FileId = fileId }, options), _policy.Options.TransferTimeout, cancellation))
            await destination.WriteAsync(part.Data.Memory, cancellation);
    }

    private static async Task SendAsync(IClientStreamWriter<UploadFileRequest> requests, FileHeader header, Stream content, CancellationToken cancellation)
    {
        await requests.WriteAsync(new() { Header = header }, cancellation);
        var buffer = new byte[ChunkBytes];
        int read;
        while ((read = await content.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellation)) > 0)
            await requests.WriteAsync(new() { Data = ByteString.CopyFrom(buffer, 0, read) }, cancellation);
        await requests.CompleteAsync();
    }
}
