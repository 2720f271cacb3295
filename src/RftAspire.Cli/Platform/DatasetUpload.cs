using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Platform;

/// <summary>What the caller named as a dataset: a file here, or the id of one on the platform.</summary>
public sealed record DatasetSource(string Option, string Name, string? File)
{
    private const string IdPrefix = "file-";

    public static DatasetSource Parse(CommandContext context, string option, string fileOrId)
    {
        var path = context.Surroundings.FullPath(fileOrId);
        if (System.IO.File.Exists(path)) return new(option, fileOrId, path);
        if (fileOrId.StartsWith(IdPrefix, StringComparison.Ordinal)) return new(option, fileOrId, null);
        throw new UsageException($"{option} {fileOrId}: there is no such file, and the id of an uploaded dataset starts with '{IdPrefix}'");
    }

    /// <summary>The id; a file is uploaded first.</summary>
    public async Task<string> IdAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (File is null) return Name;
        var dataset = await UploadAsync(context, File, cancellationToken);
        await context.Error.WriteLineAsync($"uploaded {Name}: {dataset.Rows} rows as {dataset.Id}");
        foreach (var warning in dataset.Warnings)
            await context.Error.WriteLineAsync($"  warning, {(warning.Line > 0 ? $"line {warning.Line}, " : "")}{warning.Code}: {warning.Message}");
        return dataset.Id;
    }

    private async Task<StoredFile> UploadAsync(CommandContext context, string file, CancellationToken cancellationToken)
    {
        try
        {
            return await DatasetUpload.SendAsync(context.Platform.Files, file, cancellationToken);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.InvalidArgument)
        {
            var refusal = RpcFailure.Of(e, context.Server);
            throw new UsageException($"{Option} {Name}: the platform refuses the dataset:", [.. refusal.Details.DefaultIfEmpty(refusal.Message)]);
        }
    }
}

/// <summary>Sends a file by client stream.</summary>
public static class DatasetUpload
{
    private const int ChunkBytes = 256 * 1024;
    private static readonly TimeSpan UploadTime = TimeSpan.FromMinutes(30);

    public static async Task<StoredFile> SendAsync(FileService.FileServiceClient files, string path, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        using var call = files.UploadFile(PlatformConnection.Within(UploadTime, cancellationToken));
        try
        {
            await SendAsync(call.RequestStream, Path.GetFileName(path), file, cancellationToken);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // The platform may refuse a file before its last byte; the response says why, the failed write does not.
        }
        return await call.ResponseAsync;
    }

    private static async Task SendAsync(IClientStreamWriter<UploadFileRequest> requests, string name, Stream file, CancellationToken cancellationToken)
    {
        await requests.WriteAsync(new() { Header = new() { Filename = name } }, cancellationToken);
        var buffer = new byte[ChunkBytes];
        int read;
        while ((read = await file.ReadAtLeastAsync(buffer, ChunkBytes, throwOnEndOfStream: false, cancellationToken)) > 0)
            await requests.WriteAsync(new() { Data = ByteString.CopyFrom(buffer, 0, read) }, cancellationToken);
        await requests.CompleteAsync();
    }
}
