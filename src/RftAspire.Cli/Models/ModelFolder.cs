using RftAspire.Client;
using RftAspire.Contracts;

namespace RftAspire.Cli.Models;

/// <summary>Finds the Hugging Face folder that a caller means by a path or a name.</summary>
public static class ModelFolder
{
    /// <summary>A folder; else a base model or a tuned model of this checkout; else what the platform says.</summary>
    public static async Task<string> FindAsync(CommandContext context, string option, string model, CancellationToken cancellationToken)
    {
        var path = context.Surroundings.FullPath(model);
        if (Directory.Exists(path)) return WithConfig(option, model, path);
        var repository = Repository.Find(context.Surroundings);
        if (Local(repository).FirstOrDefault(folder => NameOf(folder) == model) is { } local) return local;
        var (known, trouble) = await OfPlatformAsync(context, cancellationToken);
        if (known.TryGetValue(model, out var location)) return Reachable(context, option, model, location);
        var names = Local(repository).Select(NameOf).OfType<string>().Concat(known.Keys).Distinct().Order(StringComparer.Ordinal);
        throw new UsageException($"{option} {model}: neither a folder nor a known model; known are:", [.. names.DefaultIfEmpty("(none)"), .. trouble]);
    }

    private static string WithConfig(string option, string model, string folder) =>
        File.Exists(Path.Combine(folder, "config.json"))
            ? folder
            : throw new UsageException($"{option} {model}: no config.json in this folder; name a Hugging Face model folder");

    private static string? NameOf(string folder) => ModelNames.OfFolder(Path.GetFileName(folder));

    private static IEnumerable<string> Local(Repository? repository) => repository is null ? [] :
        new[] { repository.BaseModels, repository.TunedModels }
            .Where(Directory.Exists)
            .SelectMany(parent => Directory.EnumerateDirectories(parent).Order(StringComparer.Ordinal))
            .Where(folder => File.Exists(Path.Combine(folder, "config.json")));

    private static async Task<(Dictionary<string, string> Known, string[] Trouble)> OfPlatformAsync(CommandContext context, CancellationToken cancellationToken)
    {
        try
        {
            return (await context.Client.Models.ListAsync(cancellationToken).ToDictionaryAsync(model => model.Name, model => model.Location, cancellationToken: cancellationToken), []);
        }
        catch (UnavailableException)
        {
            return ([], [$"and those of the platform, which is not running at {context.Server}"]);
        }
    }

    private static string Reachable(CommandContext context, string option, string model, string location) =>
        Directory.Exists(location)
            ? location
            : throw new UsageException($"{option} {model}: the platform at {context.Server} has it in {location}, which this machine does not see");
}
