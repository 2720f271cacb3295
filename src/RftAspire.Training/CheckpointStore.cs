using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>What makes a step's checkpoint exist; written last.</summary>
/// <param name="Weights">The weights that the step published.</param>
/// <param name="OptimizerSteps">Updates the optimizer has made.</param>
/// <param name="Metrics">The step's metrics, to be told again if the news of it was lost.</param>
public sealed record CheckpointManifest(WeightsReference Weights, int OptimizerSteps, Dictionary<string, double> Metrics);

/// <summary>
/// Checkpoints of one job: a folder with the weights or the adapter, the optimizer's moments beside it, and last the manifest.
/// Whatever has no manifest was cut off while being written and is removed.
/// </summary>
internal sealed class CheckpointStore(ArtifactStore artifacts, JobSpec spec, JobModel model, int kept)
{
    private string Folder => Path.Combine(artifacts.JobFolder(spec.JobId), "checkpoints");

    /// <summary>The newest whole checkpoint, or null when no step is done.</summary>
    public CheckpointManifest? Latest()
    {
        if (!Directory.Exists(Folder)) return null;
        var newest = Directory.EnumerateFiles(Folder, "*.json").Max(StringComparer.Ordinal);
        RemoveOthers(newest is null ? [] : [Path.GetFileNameWithoutExtension(newest)]);
        return newest is null ? null : ArtifactStore.ReadJson<CheckpointManifest>(newest);
    }

    public void Restore(CheckpointManifest manifest, AdamW optimizer)
    {
        var folder = Path.Combine(artifacts.Root, manifest.Weights.Location);
        if (model.Adapter is { } adapter) AdapterFolder.Read(folder, adapter);
        else CheckpointFolder.ReadWeights(folder, model.Policy);
        using var moments = SafetensorsFile.Open(OptimizerFile(manifest.Weights.Version));
        foreach (var tensor in model.Trained.Layout.Tensors)
        {
            moments.Read("mean." + tensor.Name, optimizer.Means.Tensor(tensor));
            moments.Read("variance." + tensor.Name, optimizer.Variances.Tensor(tensor));
        }
        optimizer.Steps = manifest.OptimizerSteps;
    }

    /// <summary>Makes step <paramref name="version"/> durable.</summary>
    public CheckpointManifest Commit(int version, AdamW optimizer, Dictionary<string, double> metrics)
    {
        var folder = artifacts.CheckpointFolder(spec.JobId, version);
        if (model.Adapter is { } adapter) AdapterFolder.Save(folder, adapter, DType.F32, spec.Model);
        else CheckpointFolder.Save(folder, model.Policy, DType.F32, model.Folder);
        SafetensorsFile.Write(OptimizerFile(version), Moments(optimizer), DType.F32, null);
        var reference = new WeightsReference(version, Path.GetRelativePath(artifacts.Root, folder), CheckpointFolder.WeightsDigest(model.Trained),
            spec.Hyperparameters.Precision, model.Adapter is null ? null : model.Folder);
        var manifest = new CheckpointManifest(reference, optimizer.Steps, metrics);
        ArtifactStore.WriteJson(folder + ".json", manifest);
        RemoveOthers([.. Enumerable.Range(version - kept + 1, kept).Select(kept => Path.GetFileName(artifacts.CheckpointFolder(spec.JobId, Math.Max(0, kept))))]);
        return manifest;
    }

    private static IEnumerable<StoredTensor> Moments(AdamW optimizer)
    {
        foreach (var tensor in optimizer.Means.Layout.Tensors)
        {
            yield return new("mean." + tensor.Name, tensor.Shape, () => optimizer.Means.Tensor(tensor));
            yield return new("variance." + tensor.Name, tensor.Shape, () => optimizer.Variances.Tensor(tensor));
        }
    }

    private string OptimizerFile(int version) => artifacts.CheckpointFolder(spec.JobId, version) + ".optimizer.safetensors";

    /// <summary>Manifests go first: a checkpoint without one no longer exists, whatever else is left of it.</summary>
    private void RemoveOthers(IReadOnlyCollection<string> keep)
    {
        bool Goes(string path) => !keep.Contains(Path.GetFileName(path).Split('.')[0]);
        foreach (var manifest in Directory.EnumerateFiles(Folder, "*.json").Where(Goes).ToList()) File.Delete(manifest);
        foreach (var file in Directory.EnumerateFiles(Folder).Where(Goes).ToList()) File.Delete(file);
        foreach (var folder in Directory.EnumerateDirectories(Folder).Where(Goes).ToList()) Directory.Delete(folder, recursive: true);
    }
}
