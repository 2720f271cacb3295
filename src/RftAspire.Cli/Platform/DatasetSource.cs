using RftAspire.Cli.Files;
using RftAspire.Client;
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
        FileCommands.PrintWarnings(context, dataset);
        return dataset.Id;
    }

    private async Task<StoredFile> UploadAsync(CommandContext context, string file, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Client.Files.UploadAsync(file, cancellationToken: cancellationToken);
        }
        catch (InvalidRequestException e)
        {
            var refusal = PlatformFailure.Of(e, context.Server);
            throw new UsageException($"{Option} {Name}: the platform refuses the dataset:", [.. refusal.Details.DefaultIfEmpty(refusal.Message)]);
        }
    }
}
