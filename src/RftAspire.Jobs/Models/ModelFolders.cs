using RftAspire.Contracts;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Models;

/// <summary>A model's folder and what can be seen without loading it.</summary>
public sealed record ModelFolder(string Name, string Location, bool IsTuned, DateTimeOffset CreatedAt);

/// <summary>The base models, which are everybody's, and the tuned ones in the artifact store, which are their tenants'.</summary>
public sealed class ModelFolders(ArtifactStore artifacts)
{
    private const string Configuration = "config.json";

    /// <summary>Base models by name, then tuned ones, the newest first.</summary>
    public IReadOnlyList<ModelFolder> All()
    {
        var known = In(artifacts.BaseModels, isTuned: false);
        var names = known.Select(model => model.Name).ToHashSet();
        // A base model hides a tuned one of its name, as in ArtifactStore.ModelFolder.
        var tuned = In(Path.Combine(artifacts.Root, "models"), isTuned: true).Where(model => !names.Contains(model.Name));
        return [.. known, .. tuned.OrderByDescending(model => model.CreatedAt)];
    }

    /// <summary>Those that a caller may see.</summary>
    public IReadOnlyList<ModelFolder> All(Caller caller) => [.. All().Where(model => IsSeenBy(caller, model))];

    /// <summary>One of those; null for a name that the caller knows nothing of.</summary>
    public ModelFolder? Find(Caller caller, string name)
    {
        // By the name alone: whether another tenant has such a model is not even looked up.
        if (ModelNames.TenantOf(name) is { } owner && owner != caller.Tenant) return null;
        if (artifacts.ModelFolder(name) is not { } folder) return null;
        var isTuned = Path.GetDirectoryName(folder) != artifacts.BaseModels;
        var model = new ModelFolder(name, folder, isTuned, File.GetLastWriteTimeUtc(Path.Combine(folder, Configuration)));
        return IsSeenBy(caller, model) ? model : null;
    }

    // A folder that somebody put there by hand is the first tenant's.
    private static bool IsSeenBy(Caller caller, ModelFolder model) => !model.IsTuned || (ModelNames.TenantOf(model.Name) ?? Caller.DefaultTenant) == caller.Tenant;

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
