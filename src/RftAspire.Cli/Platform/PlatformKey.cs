using RftAspire.Cli.Models;

namespace RftAspire.Cli.Platform;

/// <summary>The API key that the command line sends.</summary>
public static class PlatformKey
{
    public const string Variable = "RFT_API_KEY";

    private const string FileName = "dev-key";

    /// <summary>
    /// The one of the environment, else the development key that a platform of this folder, or of one above it, keeps in
    /// <c>.rft/dev-key</c>. That key is for this machine and is sent to no other.
    /// </summary>
    public static string? Find(Surroundings surroundings, string server)
    {
        if (surroundings.Variable(Variable) is { Length: > 0 } given) return given.Trim();
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || !address.IsLoopback) return null;
        return Files(surroundings).FirstOrDefault(File.Exists) is { } file ? File.ReadAllText(file).Trim() : null;
    }

    private static IEnumerable<string> Files(Surroundings surroundings)
    {
        if (surroundings.Variable("RFT_HOME") is { } home) yield return Path.Combine(surroundings.FullPath(home), FileName);
        for (var at = new DirectoryInfo(surroundings.WorkingDirectory); at is not null; at = at.Parent)
            yield return Path.Combine(at.FullName, ".rft", FileName);
        if (Repository.Find(surroundings) is { } repository) yield return Path.Combine(repository.Data, FileName);
    }
}
