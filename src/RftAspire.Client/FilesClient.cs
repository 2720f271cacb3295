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

    /// <summary>Uploads a file from disk.</summary>
    /// <param name="path">The file; its name without folders is the name it gets.</param>
    /// <param name="purpose">fine-tune, evals, user_data, assistants, batch or vision.</param>
    /// <param name="cancellationToken">Breaks the upload off; nothing is stored.</param>
    /// <exception cref="InvalidRequestException">A dataset that the checks refuse: the violations name its lines, and nothing is stored.</exception>
    public async Task<StoredFile> UploadAsync(string path, string purpose = "fine-tune", CancellationToken cancellationToken = default)
    {
        await using var content = File.OpenRead(path);
        return await UploadAsync(content, new FileHeader { Filename = Path.GetFileName(path), Purpose = purpose }, cancellationToken);
    }

    /// <summary>Uploads what a stream holds from where it stands. An upload that broke off is not repeated: its file may be there.</summary>
    /// <exception cref="InvalidRequestException">As above.</exception>
    public Task<StoredFile> UploadAsync(Stream content, FileHeader header, CancellationToken cancellationToken = default)
    {
        // One that was turned away before its bytes were read starts again, where it can.
        if (!content.CanSeek)
            return CallPolicy.OrThrowAsync(() => UploadOnceAsync(content, header, _policy.Call(_policy.Options.TransferTimeout, cancellationToken), cancellationToken), cancellationToken);
        var start = content.Position;
        return _policy.TellAsync(options =>
        {
            content.Position = start;
            return UploadOnceAsync(content, header, options, cancellationToken);
        }, cancellationToken, _policy.Options.TransferTimeout);
    }

    /// <summary>What is known of a file.</summary>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    public Task<StoredFile> GetAsync(string fileId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _files.GetFileAsync(new() { FileId = fileId }, options), cancellationToken);

    /// <summary>All files, or those of one purpose, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<StoredFile> ListAsync(string purpose = "", CancellationToken cancellationToken = default) => Pages.AllAsync(
        "",
        (after, stop) => _policy.AskAsync(options => _files.ListFilesAsync(new() { After = after, Purpose = purpose }, options), stop),
        page => page.Files, page => page.HasMore, file => file.Id, cancellationToken);

    /// <summary>Deletes a file.</summary>
    /// <exception cref="WrongStateException">An unfinished job reads it.</exception>
    public Task DeleteAsync(string fileId, CancellationToken cancellationToken = default) =>
        _policy.DeleteAsync(options => _files.DeleteFileAsync(new() { FileId = fileId }, options), cancellationToken);

    /// <summary>Writes the file's bytes to a stream. What breaks off leaves the stream with what has come.</summary>
    /// <exception cref="NotFoundException">There is no such file.</exception>
    public async Task DownloadAsync(string fileId, Stream destination, CancellationToken cancellationToken = default)
    {
        await foreach (var part in _policy.StreamAsync(
            options => _files.DownloadFile(new() { FileId = fileId }, options), _policy.Options.TransferTimeout, cancellationToken))
            await destination.WriteAsync(part.Data.Memory, cancellationToken);
    }

    private async Task<StoredFile> UploadOnceAsync(Stream content, FileHeader header, CallOptions options, CancellationToken cancellationToken)
    {
        using var call = _files.UploadFile(options);
        try
        {
            await SendAsync(call.RequestStream, header, content, cancellationToken);
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException)
        {
            // The platform may refuse a file before its last byte; the response says why, the failed write does not.
        }
        return await call.ResponseAsync;
    }

    private static async Task SendAsync(IClientStreamWriter<UploadFileRequest> requests, FileHeader header, Stream content, CancellationToken cancellationToken)
    {
        await requests.WriteAsync(new() { Header = header }, cancellationToken);
        var buffer = new byte[ChunkBytes];
        int read;
        while ((read = await content.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken)) > 0)
            await requests.WriteAsync(new() { Data = ByteString.CopyFrom(buffer, 0, read) }, cancellationToken);
        await requests.CompleteAsync();
    }
}
