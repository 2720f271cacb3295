using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Files;

/// <summary>GetFile, ListFiles and DownloadFile.</summary>
public sealed class ReadFiles(FileStore files)
{
    public const int LargestPage = 10_000;

    private const int Piece = 256 << 10;

    public async Task<StoredFile> GetAsync(Caller caller, string id) => await files.FindAsync(caller.Tenant, id) ?? throw NoSuchFile(id);

    public async Task<ListFilesResponse> ListAsync(Caller caller, ListFilesRequest request)
    {
        if (request.PageSize is < 0 or > LargestPage)
            throw Faults.Invalid("page_size", $"{request.PageSize} is out of range; 1 to {LargestPage}, or 0 for {LargestPage}");
        if (request.Purpose.Length > 0 && !FilePurpose.All.Contains(request.Purpose))
            throw Faults.Invalid("purpose", $"'{request.Purpose}' is unknown; one of {string.Join(", ", FilePurpose.All)}");
        var size = request.PageSize == 0 ? LargestPage : request.PageSize;
        var found = await files.ListAsync(caller.Tenant, request.After, request.Purpose, request.Ascending, size + 1)
            ?? throw Faults.Invalid("after", $"there is no file '{request.After}'; give the last id of the previous page");
        var page = MessageSize.Page(found, size);
        return new ListFilesResponse { Files = { page }, HasMore = found.Count > page.Count };
    }

    /// <summary>A file's record and bytes. They stay readable to whoever has opened them, even if they are deleted meanwhile.</summary>
    public async Task<(StoredFile File, Stream Bytes)> OpenAsync(Caller caller, string id)
    {
        var file = await GetAsync(caller, id);
        try
        {
            return (file, new FileStream(files.PathOf(file), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, Piece, FileOptions.SequentialScan | FileOptions.Asynchronous));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NoSuchFile(id);
        }
    }

    public async Task<bool> DownloadAsync(Caller caller, string id, IServerStreamWriter<DownloadFileResponse> responses, CancellationToken cancellation)
    {
        var (_, bytes) = await OpenAsync(caller, id);
        await using var _ = bytes;
        var buffer = new byte[Piece];
        while (await bytes.ReadAtLeastAsync(buffer, Piece, throwOnEndOfStream: false, cancellation) is > 0 and var read)
            await responses.WriteAsync(new DownloadFileResponse { Data = ByteString.CopyFrom(buffer, 0, read) }, cancellation);
        return true;
    }

    // A malformed id gets the same answer as an unknown one: ids have no form that a caller should rely on.
    public static RpcException NoSuchFile(string id) =>
        new(new Status(StatusCode.NotFound, $"there is no file '{id}'; list the files to see which exist"));
}
