using System.Globalization;
using System.Runtime.CompilerServices;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>Fine-tuning jobs.</summary>
public sealed class JobsClient
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(5);
    private readonly JobService.JobServiceClient _jobs;
    private readonly CallPolicy _policy;

    internal JobsClient(JobService.JobServiceClient jobs, CallPolicy policy) => (_jobs, _policy) = (jobs, policy);

    /// <summary>Creates a job and returns it at once. A request without idempotency key gets one, so that a retry makes no second job.</summary>
    public Task<Job> CreateAsync(CreateJobRequest request, CancellationToken cancellation = default)
    {
        var keyed = request.Clone();
        if (keyed.IdempotencyKey.Length == 0) keyed.IdempotencyKey = Guid.NewGuid().ToString("N");
        return _policy.AskAsync(options => _jobs.CreateJobAsync(keyed, options), cancellation);
    }

    public Task<Job> GetAsync(string jobId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _jobs.GetJobAsync(new() { JobId = jobId }, options), cancellation);

    /// <summary>All jobs, newest first; pages are fetched as they are needed.</summary>
    /// <param name="metadata">Only jobs whose metadata holds all these pairs.</param>
    /// <param name="cancellation">Ends the list.</param>
    public IAsyncEnumerable<Job> ListAsync(IReadOnlyDictionary<string, string>? metadata = null, CancellationToken cancellation = default)
    {
        var wanted = metadata ?? new Dictionary<string, string>();
        return Pages.AllAsync(
            async after => await _policy.AskAsync(
                options => _jobs.ListJobsAsync(new() { After = after, Metadata = { wanted.ToDictionary() } }, options), cancellation),
            page => page.Jobs, page => page.HasMore, job => job.Id);
    }

    /// <summary>Asks the job to stop; it has stopped when its state says so.</summary>
    public Task<Job> CancelAsync(string jobId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _jobs.CancelJobAsync(new() { JobId = jobId }, options), cancellation);

    /// <summary>Asks the job to stop after its step and keep a checkpoint.</summary>
    public Task<Job> PauseAsync(string jobId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _jobs.PauseJobAsync(new() { JobId = jobId }, options), cancellation);

    /// <summary>Queues a paused job again.</summary>
    public Task<Job> ResumeAsync(string jobId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _jobs.ResumeJobAsync(new() { JobId = jobId }, options), cancellation);

    /// <summary>
    /// The job's events in order, each once, from the first or after a given one, until the job has ended. A platform that goes away
    /// is waited for, and the stream goes on where it broke off.
    /// </summary>
    public async IAsyncEnumerable<JobEvent> WatchAsync(
        string jobId, long afterSequence = 0, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var pause = _policy.Options.RetryDelay;
        while (true)
        {
            var events = _policy.StreamAsync(
                options => _jobs.WatchJob(new() { JobId = jobId, AfterSequence = afterSequence }, options), timeout: null, cancellation);
            await using var stream = events.GetAsyncEnumerator(cancellation);
            while (await NextAsync(stream) is { } more)
            {
                if (!more) yield break;
                (afterSequence, pause) = (stream.Current.Sequence, _policy.Options.RetryDelay);
                yield return stream.Current;
            }
            await Task.Delay(pause, cancellation);
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
    }

    /// <summary>Waits until the job has ended, and returns it as it then stands.</summary>
    public async Task<Job> WaitAsync(string jobId, CancellationToken cancellation = default)
    {
        await foreach (var _ in WatchAsync(jobId, cancellation: cancellation)) { }
        return await GetAsync(jobId, cancellation);
    }

    /// <summary>Recorded events, newest first.</summary>
    public IAsyncEnumerable<JobEvent> ListEventsAsync(string jobId, CancellationToken cancellation = default) => Pages.AllAsync(
        async before => await _policy.AskAsync(options => _jobs.ListEventsAsync(new() { JobId = jobId, PageSize = 100, BeforeSequence = Sequence(before) }, options), cancellation),
        page => page.Events, page => page.HasMore, happened => happened.Sequence.ToString(CultureInfo.InvariantCulture));

    /// <summary>Checkpoints that are kept, newest first; each is a model by its name.</summary>
    public IAsyncEnumerable<Checkpoint> ListCheckpointsAsync(string jobId, CancellationToken cancellation = default) => Pages.AllAsync(
        async after => await _policy.AskAsync(options => _jobs.ListCheckpointsAsync(new() { JobId = jobId, After = after }, options), cancellation),
        page => page.Checkpoints, page => page.HasMore, checkpoint => checkpoint.Id);

    /// <summary>The rollouts that a query asks for, in order of step, group and index.</summary>
    public async IAsyncEnumerable<Rollout> ListRolloutsAsync(ListRolloutsRequest query, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var next = query.Clone();
        do
        {
            var page = await _policy.AskAsync(options => _jobs.ListRolloutsAsync(next, options), cancellation);
            foreach (var rollout in page.Rollouts) yield return rollout;
            next.PageToken = page.NextPageToken;
        }
        while (next.PageToken.Length > 0);
    }

    private static long Sequence(string text) => text.Length == 0 ? 0 : long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Whether the stream goes on; null when the platform went away.</summary>
    private static async Task<bool?> NextAsync(IAsyncEnumerator<JobEvent> stream)
    {
        try
        {
            return await stream.MoveNextAsync();
        }
        catch (UnavailableException)
        {
            return null;
        }
    }
}
