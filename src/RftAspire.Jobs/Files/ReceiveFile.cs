using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using Part = RftAspire.Contracts.Jobs.V1.UploadFileRequest.PartOneofCase;

namespace RftAspire.Jobs.Files;

/// <summary>UploadFile: a file as a stream of gRPC requests, header first.</summary>
public sealed class ReceiveFile(UploadFile upload)
{
    private const int LargestChunk = 1 << 20;

    public async Task<StoredFile> RunAsync(Caller caller, IAsyncStreamReader<UploadFileRequest> parts, CancellationToken cancellation)
    {
        var header = await ReceiveHeaderAsync(parts, cancellation);
        UploadFile.Check(header);
        using var incoming = await upload.BeginAsync(caller);
        while (await parts.MoveNext(cancellation))
        {
            if (!await incoming.AppendAsync(Data(parts.Current), cancellation))
                throw Faults.Invalid("data", $"more than {incoming.MostBytes} bytes, the most that Jobs:MaxDatasetBytes and the tenant's limit file_bytes allow; send less or have them raised");
        }
        return await upload.StoreAsync(caller, incoming, header, cancellation);
    }

    private static async Task<FileHeader> ReceiveHeaderAsync(IAsyncStreamReader<UploadFileRequest> parts, CancellationToken cancellation)
    {
        if (!await parts.MoveNext(cancellation)) throw Faults.Invalid("header", "the stream is empty; send a header first, then the file's bytes");
        return parts.Current.PartCase == Part.Header
            ? parts.Current.Header
            : throw Faults.Invalid("header", "missing; the first request must carry it, the data comes after");
    }

    private static ReadOnlyMemory<byte> Data(UploadFileRequest part) => part.PartCase switch
    {
        Part.Data when part.Data.Length <= LargestChunk => part.Data.Memory,
        Part.Data => throw Faults.Invalid("data", $"a chunk of {part.Data.Length} bytes; send at most {LargestChunk} at once"),
        Part.Header => throw Faults.Invalid("header", "came a second time; send one header, and each file in a call of its own"),
        _ => throw Faults.Invalid("part", "missing; each request after the header must carry data"),
    };
}
