using System.Collections.Concurrent;
using RftAspire.Contracts;

namespace RftAspire.Training;

/// <summary>How a job ended, stored beside its intent.</summary>
/// <param name="State">succeeded, failed or cancelled.</param>
/// <param name="Code">Of a failure.</param>
/// <param name="Message">Of a failure.</param>
/// <param name="ModelName">Of a success.</param>
/// <param name="WeightsDigest">Of a success.</param>
public sealed record TrainingOutcome(string State, string? Code = null, string? Message = null, string? ModelName = null, string? WeightsDigest = null);

/// <summary>
/// Jobs to train, as files in the job's folder: <c>training/intent.json</c> asks for it, <c>cancel.json</c> stops it,
/// <c>outcome.json</c> ends it and <c>announced.json</c> says that the others know. A message is acknowledged only after its file is
/// on disk, so a job outlives the process.
/// </summary>
public sealed class TrainingBacklog(ArtifactStore artifacts) : IDisposable
{
    private readonly SemaphoreSlim _changed = new(0);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new();

    private sealed record Mark(string JobId);

    public void Start(string jobId)
    {
        if (!File.Exists(IntentFile(jobId))) ArtifactStore.WriteJson(IntentFile(jobId), new Mark(jobId));
        _changed.Release();
    }

    public void Cancel(string jobId)
    {
        ArtifactStore.WriteJson(CancelFile(jobId), new Mark(jobId));
        if (_running.TryGetValue(jobId, out var source)) source.Cancel();
        Start(jobId);
    }

    public bool IsCancelled(string jobId) => File.Exists(CancelFile(jobId));

    public TrainingOutcome? Outcome(string jobId) =>
        File.Exists(OutcomeFile(jobId)) ? ArtifactStore.ReadJson<TrainingOutcome>(OutcomeFile(jobId)) : null;

    public void End(string jobId, TrainingOutcome outcome) => ArtifactStore.WriteJson(OutcomeFile(jobId), outcome);

    /// <summary>Notes that the news of a job's end has been published.</summary>
    public void Announced(string jobId) => ArtifactStore.WriteJson(AnnouncedFile(jobId), new Mark(jobId));

    /// <summary>Jobs whose end was stored by a process that did not live to tell it.</summary>
    public IEnumerable<string> Unannounced() => JobIds().Where(jobId => File.Exists(OutcomeFile(jobId)) && !File.Exists(AnnouncedFile(jobId)));

    /// <summary>The oldest job that has not ended; waits for one.</summary>
    public async Task<string> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (Oldest() is { } jobId) return jobId;
            await _changed.WaitAsync(cancellation);
        }
    }

    /// <summary>A token that is cancelled when the job is, or when the process stops.</summary>
    public CancellationTokenSource Run(string jobId, CancellationToken stopping)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _running[jobId] = source;
        if (IsCancelled(jobId)) source.Cancel();
        return source;
    }

    public void Dispose() => _changed.Dispose();

    public void Leave(string jobId) => _running.TryRemove(jobId, out _);

    private string? Oldest() => JobIds()
        .Where(jobId => File.Exists(IntentFile(jobId)) && !File.Exists(OutcomeFile(jobId)) && File.Exists(artifacts.JobSpecFile(jobId)))
        .OrderBy(jobId => ArtifactStore.ReadJson<JobSpec>(artifacts.JobSpecFile(jobId)).CreatedAt)
        .ThenBy(jobId => jobId, StringComparer.Ordinal)
        .FirstOrDefault();

    private IEnumerable<string> JobIds()
    {
        var jobs = Path.Combine(artifacts.Root, "jobs");
        return Directory.Exists(jobs) ? Directory.EnumerateDirectories(jobs).Select(folder => Path.GetFileName(folder)).Where(ArtifactStore.IsId) : [];
    }

    private string Folder(string jobId) => Path.Combine(artifacts.JobFolder(jobId), "training");
    private string IntentFile(string jobId) => Path.Combine(Folder(jobId), "intent.json");
    private string CancelFile(string jobId) => Path.Combine(Folder(jobId), "cancel.json");
    private string AnnouncedFile(string jobId) => Path.Combine(Folder(jobId), "announced.json");
    private string OutcomeFile(string jobId) => Path.Combine(Folder(jobId), "outcome.json");
}
