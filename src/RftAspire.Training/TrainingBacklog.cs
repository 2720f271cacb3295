using System.Collections.Concurrent;
using RftAspire.Contracts;

namespace RftAspire.Training;

/// <summary>How a job ended, stored beside its intent.</summary>
/// <param name="State">succeeded, failed or cancelled.</param>
/// <param name="Code">Of a failure.</param>
/// <param name="Message">Of a failure.</param>
/// <param name="ModelName">Of a success.</param>
/// <param name="WeightsDigest">Of a success.</param>
public sealed record TrainingOutcome(string State, string? Code = null, string? Message = null, string? ModelName = null, string? WeightsDigest = null)
{
    /// <summary>No end, and never stored: the job goes on in its next round.</summary>
    public static TrainingOutcome Paused { get; } = new("paused");
}

/// <summary>
/// Jobs to train, as files in the job's folder: <c>training/intent.json</c> asks for it, <c>pause.json</c> stops it for a while,
/// <c>cancel.json</c> for good, <c>outcome.json</c> ends it and <c>announced.json</c> says that the others know. A message is
/// acknowledged only after its file is on disk, so a job outlives the process. Intent and pause hold the greatest round that was asked
/// for, and the job is to run where the intent's is greater: in which order their messages come, and how often, does not matter.
/// </summary>
public sealed class TrainingBacklog(ArtifactStore artifacts) : IDisposable
{
    private readonly SemaphoreSlim _changed = new(0);
    private readonly ConcurrentDictionary<string, TrainingTurn> _running = new();
    // Whether a job runs and whether it shall are looked at as one.
    private readonly Lock _turns = new();

    private sealed record Mark(string JobId, int Round = 1);

    public void Start(string jobId, int round = 1)
    {
        lock (_turns) Raise(IntentFile(jobId), jobId, round);
        _changed.Release();
    }

    /// <summary>False when the job is running in the round, and so will stop and say so by itself.</summary>
    public bool Pause(string jobId, int round)
    {
        lock (_turns)
        {
            Raise(PauseFile(jobId), jobId, round);
            return !_running.TryGetValue(jobId, out var turn) || turn.Round > round;
        }
    }

    public void Cancel(string jobId)
    {
        ArtifactStore.WriteJson(CancelFile(jobId), new Mark(jobId));
        if (_running.TryGetValue(jobId, out var turn)) turn.Cancel();
        _changed.Release();
    }

    public bool IsCancelled(string jobId) => File.Exists(CancelFile(jobId));

    public bool IsPausing(string jobId, int round) => Round(PauseFile(jobId)) >= round;

    public TrainingOutcome? Outcome(string jobId) =>
        File.Exists(OutcomeFile(jobId)) ? ArtifactStore.ReadJson<TrainingOutcome>(OutcomeFile(jobId)) : null;

    public void End(string jobId, TrainingOutcome outcome) => ArtifactStore.WriteJson(OutcomeFile(jobId), outcome);

    /// <summary>Notes that the news of a job's end has been published.</summary>
    public void Announced(string jobId) => ArtifactStore.WriteJson(AnnouncedFile(jobId), new Mark(jobId));

    /// <summary>Jobs whose end was stored by a process that did not live to tell it.</summary>
    public IEnumerable<string> Unannounced() => JobIds().Where(jobId => File.Exists(OutcomeFile(jobId)) && !File.Exists(AnnouncedFile(jobId)));

    /// <summary>The oldest job that is to run; waits for one.</summary>
    public async Task<string> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (Oldest() is { } jobId) return jobId;
            await _changed.WaitAsync(cancellation);
        }
    }

    /// <summary>The job's turn, to be disposed of when it is over; null where the job is not to run any more.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="stopping">The end of the process, which ends the turn.</param>
    public TrainingTurn? Take(string jobId, CancellationToken stopping)
    {
        lock (_turns)
        {
            if (!IsWanted(jobId)) return null;
            var turn = new TrainingTurn(jobId, Round(IntentFile(jobId)), () => _running.TryRemove(jobId, out _), stopping);
            _running[jobId] = turn;
            // After it can be found: a cancel that comes now finds it, one that came before is seen here.
            if (IsCancelled(jobId)) turn.Cancel();
            return turn;
        }
    }

    public void Dispose() => _changed.Dispose();

    private string? Oldest() => JobIds()
        .Where(jobId => IsWanted(jobId) && File.Exists(artifacts.JobSpecFile(jobId)))
        .OrderBy(jobId => ArtifactStore.ReadJson<JobSpec>(artifacts.JobSpecFile(jobId)).CreatedAt)
        .ThenBy(jobId => jobId, StringComparer.Ordinal)
        .FirstOrDefault();

    private bool IsWanted(string jobId) =>
        !File.Exists(OutcomeFile(jobId)) && (IsCancelled(jobId) || Round(IntentFile(jobId)) > Round(PauseFile(jobId)));

    private static void Raise(string file, string jobId, int round)
    {
        if (Round(file) < round) ArtifactStore.WriteJson(file, new Mark(jobId, round));
    }

    private static int Round(string file) => File.Exists(file) ? ArtifactStore.ReadJson<Mark>(file).Round : 0;

    private IEnumerable<string> JobIds()
    {
        var jobs = Path.Combine(artifacts.Root, "jobs");
        return Directory.Exists(jobs) ? Directory.EnumerateDirectories(jobs).Select(folder => Path.GetFileName(folder)).Where(ArtifactStore.IsId) : [];
    }

    private string Folder(string jobId) => Path.Combine(artifacts.JobFolder(jobId), "training");
    private string IntentFile(string jobId) => Path.Combine(Folder(jobId), "intent.json");
    private string PauseFile(string jobId) => Path.Combine(Folder(jobId), "pause.json");
    private string CancelFile(string jobId) => Path.Combine(Folder(jobId), "cancel.json");
    private string AnnouncedFile(string jobId) => Path.Combine(Folder(jobId), "announced.json");
    private string OutcomeFile(string jobId) => Path.Combine(Folder(jobId), "outcome.json");
}

/// <summary>A job's time with the worker.</summary>
public sealed class TrainingTurn(string jobId, int round, Action over, CancellationToken stopping) : IDisposable
{
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(stopping);

    public string JobId { get; } = jobId;
    public int Round { get; } = round;

    /// <summary>Cancelled when the job is, or when the process stops.</summary>
    public CancellationToken Cancellation => _source.Token;

    public void Cancel() => _source.Cancel();

    public void Dispose()
    {
        over();
        _source.Dispose();
    }
}
