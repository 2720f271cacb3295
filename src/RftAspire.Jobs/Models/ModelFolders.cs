using RftAspire.Contracts;

namespace RftAspire.Jobs.Models;

/// <summary>A model's folder and what can be seen without loading it.</summary>
public sealed record ModelFolder(string Name, string Location, bool IsTuned, DateTimeOffset CreatedAt);

/// <summary>The base models and the tuned ones in the artifact store.</summary>
public sealed class ModelFolders(ArtifactStore artifacts)
{
    private const string Configuration = "config.json";

    /// <summary>Base models first, each kind by name.</summary>
    public IReadOnlyList<ModelFolder> All()
    {
        var known = In(artifacts.BaseModels, isTuned: false);
        var names = known.Select(model => model.Name).ToHashSet();
        // A base model hides a tuned one of its name, as in ArtifactStore.ModelFolder.
        return [.. known, .. In(Path.Combine(artifacts.Root, "models"), isTuned: true).Where(model => !names.Contains(model.Name))];
    }

    private static List<ModelFolder> In(string folder, bool isTuned)
    {
        if (!Directory.Exists(folder)) return [];
        return
        [
            .. from path in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)
               let name = ModelNames.OfFolder(Path.GetFileName(path))
               let configuration = Path.Combine(path, Configuration)
               where name is not null && File.Exists(configuration)
               select new ModelFolder(name, path, isTuned, File.GetLastWriteTimeUtc(configuration)),
        ];
    }
}
