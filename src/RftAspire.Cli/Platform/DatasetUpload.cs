using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Platform;

/// <summary>Turns what the caller named as a dataset, a file or an id, into an id.</summary>
public static class DatasetUpload
{
    private const int ChunkBytes = 256 * 1024;
    private const string IdPrefix = "file-";
    private static readonly TimeSpan UploadTime = TimeSpan.FromMinutes(30);

    public static async Task<string> IdOfAsync(CommandContext context, string option, string fileOrId, CancellationToken cancellationToken)
    {
        var path = context.Surroundings.FullPath(fileOrId);
        if (!File.Exists(path))
        {
            if (fileOrId.StartsWith(IdPrefix, StringComparison.Ordinal)) return fileOrId;
            throw new UsageException($"{option} {fileOrId}: there is no such file, and an id of an uploaded dataset starts with '{IdPrefix}'");
        }
        var dataset = await UploadAsync(context.Platform.Jobs, path, cancellationToken);
        await context.Error.WriteLineAsync($"uploaded {fileOrId}: {dataset.Rows} rows as {dataset.Id}");
        foreach (var warning in dataset.Warnings)
            await context.Error.WriteLineAsync($"  warning, {(warning.Line > 0 ? $"line {warning.Line}, " : "")}{warning.Code}: {warning.Message}");
        return dataset.Id;
    }

    private static async Task<Dataset> UploadAsync(JobService.JobServiceClient jobs, string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        using var call = jobs.UploadDataset(PlatformConnection.Within(UploadTime, cancellationToken));
        try
        {
            await SendAsync(call, Path.GetFileName(path), file, cancellationToken);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // The platform may refuse a file before its last byte; the response says why, the failed write does not.
        }
        return await call.ResponseAsync;
    }

    private static async Task SendAsync(AsyncClientStreamingCall<UploadDatasetRequest, Dataset> call, string name, Stream file, CancellationToken cancellationToken)
    {
        await call.RequestStream.WriteAsync(new() { Header = new() { Filename = name } });
        var buffer = new byte[ChunkBytes];
        int read;
        while ((read = await file.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken)) > 0)
            await call.RequestStream.WriteAsync(new() { Data = ByteString.CopyFrom(buffer, 0, read) });
        await call.RequestStream.CompleteAsync();
    }
}
