using Grpc.Core;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using Part = RftAspire.Contracts.Jobs.V1.UploadFileRequest.PartOneofCase;

namespace RftAspire.Jobs.Files;

/// <summary>UploadFile: a file as a stream of gRPC requests, header first.</summary>
public sealed class ReceiveFile(UploadFile upload, IOptions<JobsOptions> options, TimeProvider clock)
{
    private const int LargestChunk = 1 << 20;

    public async Task<StoredFile> RunAsync(Caller caller, IAsyncStreamReader<UploadFileRequest> parts, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        var header = await ReceiveHeaderAsync(parts, cancellation);
        UploadFile.Check(header);
        using var incoming = await upload.BeginAsync(caller);
        while (await NextAsync(parts, incoming.Bytes, start, cancellation))
        {
            if (!await incoming.AppendAsync(Data(parts.Current), cancellation))
                throw Faults.Invalid("data", $"more than {incoming.MostBytes} bytes, the most that Jobs:MaxDatasetBytes and the tenant's limit file_bytes allow; send less or have them raised");
        }
        return await upload.StoreAsync(caller, incoming, header, cancellation);
    }

    // The server bounds how slow a body may be for the other face alone: streams of other methods rest for as long as they like.
    private async Task<bool> NextAsync(IAsyncStreamReader<UploadFileRequest> parts, long bytes, long start, CancellationToken cancellation)
    {
        var left = options.Value.UploadGrace + TimeSpan.FromSeconds(bytes / options.Value.MinUploadRate) - clock.GetElapsedTime(start);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        try
        {
            return await parts.MoveNext(patience.Token);
        }
        catch (Exception error) when (error is OperationCanceledException or RpcException { StatusCode: StatusCode.Cancelled } && !cancellation.IsCancellationRequested)
        {
            throw Faults.Invalid("data", $"arrives too slowly: {bytes} bytes in {clock.GetElapsedTime(start).TotalSeconds:0} s; send at least {options.Value.MinUploadRate} bytes a second (Jobs:MinUploadRate)");
        }
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
