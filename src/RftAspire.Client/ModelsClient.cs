using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>Base and tuned models.</summary>
public sealed class ModelsClient
{
    private readonly ModelService.ModelServiceClient _models;
    private readonly CallPolicy _policy;

    internal ModelsClient(ModelService.ModelServiceClient models, CallPolicy policy) => (_models, _policy) = (models, policy);

    /// <summary>Base models first, then tuned ones and their checkpoints.</summary>
    public IAsyncEnumerable<Model> ListAsync(CancellationToken cancellationToken = default) => Pages.OneAsync(
        stop => _policy.AskAsync(options => _models.ListModelsAsync(new(), options), stop), list => list.Models, cancellationToken);

    /// <summary>What is known of a model.</summary>
    /// <exception cref="NotFoundException">There is no such model.</exception>
    public Task<Model> GetAsync(string name, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _models.GetModelAsync(new() { Name = name }, options), cancellationToken);

    /// <summary>Deletes a tuned model or checkpoint.</summary>
    /// <exception cref="WrongStateException">It is a base model, or an unfinished job starts from it.</exception>
    public Task DeleteAsync(string name, CancellationToken cancellationToken = default) =>
        _policy.DeleteAsync(options => _models.DeleteModelAsync(new() { Name = name }, options), cancellationToken);

    /// <summary>
    /// Writes the model's Hugging Face folder. The folder appears under its name when all files are there; what was cut off leaves nothing.
    /// </summary>
    /// <param name="name">The model.</param>
    /// <param name="folder">A folder that does not exist yet.</param>
    /// <param name="progress">Told the bytes written so far.</param>
    /// <param name="cancellationToken">Breaks the export off.</param>
    /// <exception cref="NotFoundException">There is no such model.</exception>
    /// <exception cref="IOException">The folder exists, or a file cannot be written.</exception>
    public async Task ExportAsync(string name, string folder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var target = Path.GetFullPath(folder);
        if (Path.Exists(target)) throw new IOException($"{target} exists; name a folder that does not");
        var partial = $"{target}.{Guid.NewGuid():N}.partial";
        Directory.CreateDirectory(partial);
        try
        {
            await WriteAsync(name, partial, progress, cancellationToken);
            Directory.Move(partial, target);
        }
        finally
        {
            if (Directory.Exists(partial)) Directory.Delete(partial, recursive: true);
        }
    }

    private async Task WriteAsync(string name, string folder, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        FileStream? file = null;
        var (written, missing) = (0L, 0L);
        try
        {
            await foreach (var part in _policy.StreamAsync(
                options => _models.ExportModel(new() { Name = name }, options), _policy.Options.TransferTimeout, cancellationToken))
            {
                if (part.File is { } next)
                {
                    CheckWhole(name, missing);
                    if (file is not null) await file.DisposeAsync();
                    // A platform's answer is no reason to write outside of the folder.
                    file = new FileStream(Path.Combine(folder, Path.GetFileName(next.Name)), FileMode.CreateNew, FileAccess.Write);
                    missing = next.Bytes;
                    continue;
                }
                await (file ?? throw new IOException($"model {name} came without the name of its first file")).WriteAsync(part.Data.Memory, cancellationToken);
                (written, missing) = (written + part.Data.Length, missing - part.Data.Length);
                progress?.Report(written);
            }
            CheckWhole(name, missing);
        }
        finally
        {
            if (file is not null) await file.DisposeAsync();
        }
    }

    private static void CheckWhole(string name, long missing)
    {
        if (missing != 0) throw new IOException($"a file of model {name} came with {Math.Abs(missing)} bytes too {(missing > 0 ? "few" : "many")}");
    }
}
