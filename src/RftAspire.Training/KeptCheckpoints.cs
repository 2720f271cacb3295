using RftAspire.Contracts;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>
/// Checkpoints of a job that stay as models: the best three by validation reward, or the newest three where there is none, and what the
/// job was paused at last. A model's folder is written before the list that names it and goes after it: what no list names does not exist.
/// </summary>
internal sealed class KeptCheckpoints
{
    private const int Best = 3;
    private readonly ArtifactStore _artifacts;
    private readonly JobSpec _spec;
    private readonly JobModel _model;
    private KeptSet _set;

    /// <param name="IsRanked">Whether it competes for a place among the best.</param>
    /// <param name="IsPause">Whether the job was paused here last.</param>
    private sealed record Kept(KeptCheckpoint Checkpoint, bool IsRanked, bool IsPause)
    {
        // What has no validation reward ranks equal, and so by its step.
        public double Reward => Checkpoint.Metrics.GetValueOrDefault("reward/sampled", Checkpoint.Metrics.GetValueOrDefault("reward/greedy"));
    }

    private sealed record KeptSet(int Change, Kept[] Checkpoints);

    public KeptCheckpoints(ArtifactStore artifacts, JobSpec spec, JobModel model)
    {
        (_artifacts, _spec, _model) = (artifacts, spec, model);
        _set = Read(artifacts, spec.JobId);
        RemoveOthers();
    }

    /// <summary>A job's set as news; null before there is one.</summary>
    public static CheckpointsKept? News(ArtifactStore artifacts, string jobId) =>
        Read(artifacts, jobId) is { Change: > 0 } set ? new CheckpointsKept(jobId, set.Change, [.. set.Checkpoints.Select(kept => kept.Checkpoint)]) : null;

    private static KeptSet Read(ArtifactStore artifacts, string jobId) =>
        ListFile(artifacts, jobId) is var file && File.Exists(file) ? ArtifactStore.ReadJson<KeptSet>(file) : new KeptSet(0, []);

    private static string ListFile(ArtifactStore artifacts, string jobId) => Path.Combine(artifacts.JobFolder(jobId), "training", "kept.json");

    /// <summary>A step that may be kept; false when it changes nothing.</summary>
    public bool Rank(CheckpointManifest manifest, Dictionary<string, double> validation)
    {
        var known = Find(manifest);
        if (known is { IsRanked: true }) return false;
        return Add(new Kept(Checkpoint(manifest, validation, known), IsRanked: true, IsPause: known?.IsPause ?? false));
    }

    /// <summary>The step that the job is paused at.</summary>
    public void KeepPause(CheckpointManifest manifest)
    {
        var known = Find(manifest);
        if (known is not { IsPause: true }) Add((known ?? new Kept(Checkpoint(manifest, [], null), IsRanked: false, IsPause: true)) with { IsPause = true });
    }

    private Kept? Find(CheckpointManifest manifest) => _set.Checkpoints.FirstOrDefault(kept => kept.Checkpoint.Step == manifest.Weights.Version);

    private KeptCheckpoint Checkpoint(CheckpointManifest manifest, Dictionary<string, double> validation, Kept? known)
    {
        var metrics = new Dictionary<string, double>(manifest.Metrics);
        foreach (var (name, value) in validation) metrics.TryAdd(name, value);
        var step = manifest.Weights.Version;
        return new KeptCheckpoint(step, ModelNames.Checkpoint(_spec.TunedModelName, step), manifest.Weights.Digest, metrics, known?.Checkpoint.CreatedAt ?? DateTimeOffset.UtcNow);
    }

    private bool Add(Kept added)
    {
        var next = Choose(added);
        if (!next.Contains(added)) return false;
        if (!_set.Checkpoints.Any(kept => kept.Checkpoint.Step == added.Checkpoint.Step))
            _model.Save(_artifacts.TunedModelFolder(added.Checkpoint.ModelName));
        _set = new KeptSet(_set.Change + 1, next);
        ArtifactStore.WriteJson(ListFile(_artifacts, _spec.JobId), _set);
        RemoveOthers();
        return true;
    }

    private Kept[] Choose(Kept added)
    {
        var all = _set.Checkpoints.Where(kept => kept.Checkpoint.Step != added.Checkpoint.Step)
            .Select(kept => kept with { IsPause = kept.IsPause && !added.IsPause }).Append(added).ToList();
        var best = all.Where(kept => kept.IsRanked).OrderByDescending(kept => kept.Reward).ThenByDescending(kept => kept.Checkpoint.Step).Take(Best).ToHashSet();
        return [.. all.Where(kept => kept.IsPause || best.Contains(kept)).OrderBy(kept => kept.Checkpoint.Step)];
    }

    private void RemoveOthers()
    {
        var stays = _set.Checkpoints.Select(kept => _artifacts.TunedModelFolder(kept.Checkpoint.ModelName)).ToHashSet();
        var models = Path.GetDirectoryName(_artifacts.TunedModelFolder(_spec.TunedModelName))!;
        if (!Directory.Exists(models)) return;
        var start = Path.GetFileName(_artifacts.TunedModelFolder(ModelNames.Checkpoint(_spec.TunedModelName, 0)))[..^1];
        foreach (var folder in Directory.EnumerateDirectories(models, start + "*").Where(folder => !stays.Contains(folder)).ToList())
        {
            // Without it the folder is no model, however much of it is left.
            File.Delete(Path.Combine(folder, "config.json"));
            Directory.Delete(folder, recursive: true);
        }
    }
}
