using RftAspire.Contracts;

namespace RftAspire.Cli.Models;

/// <summary>Where a model is to be written. Writing replaces a folder, which is only safe to do to an empty one.</summary>
internal static class NewFolder
{
    public static string Of(CommandContext context, string option, string folder)
    {
        var path = context.Surroundings.FullPath(folder);
        return File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            ? throw new UsageException($"{option} {folder}: is there already; name a new folder")
            : path;
    }

    /// <summary>A bare name is a tuned model of this checkout, which jobs take as their model; all else is a folder.</summary>
    public static string OfModel(CommandContext context, string option, string nameOrFolder)
    {
        if (!ArtifactStore.IsId(nameOrFolder)) return Of(context, option, nameOrFolder);
        var repository = Repository.Find(context.Surroundings)
            ?? throw new UsageException($"{option} {nameOrFolder}: there is no checkout here that could keep a model of this name; name a folder, such as ./{nameOrFolder}");
        if (Directory.Exists(Path.Combine(repository.BaseModels, nameOrFolder)))
            throw new UsageException($"{option} {nameOrFolder}: a base model has this name; choose another");
        return Directory.Exists(Path.Combine(repository.TunedModels, nameOrFolder))
            ? throw new UsageException($"{option} {nameOrFolder}: a model of this name is there already; choose another name, or delete {Path.Combine(repository.TunedModels, nameOrFolder)}")
            : Path.Combine(repository.TunedModels, nameOrFolder);
    }
}
