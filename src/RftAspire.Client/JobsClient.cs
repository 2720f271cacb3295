using System.Globalization;
using System.Runtime.CompilerServices;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>Fine-tuning jobs.</summary>
public sealed class JobsClient
{
    private readonly JobService.JobServiceClient _jobs;
    private readonly CallPolicy _policy;

    internal JobsClient(JobService.JobServiceClient jobs, CallPolicy policy) => (_jobs, _policy) = (jobs, policy);

    /// <summary>Creates a job and returns it at once. A request without idempotency key gets one, so that a retry makes no second job.</summary>
    /// <exception cref="InvalidRequestException">Its violations name every faulty field.</exception>
    /// <exception cref="LimitReachedException">The tenant has as many unfinished jobs as it may.</exception>
    public Task<Job> CreateAsync(CreateJobRequest request, CancellationToken cancellationToken = default)
    {
        var keyed = request.Clone();
        if (keyed.IdempotencyKey.Length == 0) keyed.IdempotencyKey = Guid.NewGuid().ToString("N");
        return _policy.AskAsync(options => _jobs.CreateJobAsync(keyed, options), cancellationToken);
    }

    /// <summary>A job as it stands.</summary>
    /// <exception cref="NotFoundException">There is no such job.</exception>
    public Task<Job> GetAsync(string jobId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _jobs.GetJobAsync(new() { JobId = jobId }, options), cancellationToken);

    /// <summary>All jobs, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<Job> ListAsync(CancellationToken cancellationToken = default) => ListAsync(new ListJobsRequest(), cancellationToken);

    /// <summary>The jobs that a query asks for, newest first, from the one after <see cref="ListJobsRequest.After"/> on.</summary>
    public IAsyncEnumerable<Job> ListAsync(ListJobsRequest query, CancellationToken cancellationToken = default) => Pages.AllAsync(
        query.After,
        (after, stop) => _policy.AskAsync(options => _jobs.ListJobsAsync(new(query) { After = after }, options), stop),
        page => page.Jobs, page => page.HasMore, job => job.Id, cancellationToken);

    /// <summary>Asks the job to stop; it has stopped when its state says so.</summary>
    /// <exception cref="WrongStateException">The job has ended.</exception>
    public Task<Job> CancelAsync(string jobId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _jobs.CancelJobAsync(new() { JobId = jobId }, options), cancellationToken);

    /// <summary>Asks the job to stop after its step and keep a checkpoint.</summary>
    /// <exception cref="WrongStateException">The job is neither queued nor running.</exception>
    public Task<Job> PauseAsync(string jobId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _jobs.PauseJobAsync(new() { JobId = jobId }, options), cancellationToken);

    /// <summary>Queues a paused job again.</summary>
    /// <exception cref="WrongStateException">The job is not paused.</exception>
    public Task<Job> ResumeAsync(string jobId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _jobs.ResumeJobAsync(new() { JobId = jobId }, options), cancellationToken);

    /// <summary>
    /// The job's events in order, each once, until the job has ended. A platform that goes away is waited for, and the stream goes on
    /// where it broke off.
    /// </summary>
    /// <param name="jobId">The job.</param>
    /// <param name="afterSequence">The last event that is known already; 0 for none.</param>
    /// <param name="reconnecting">Told before each pause in which the platform is waited for.</param>
    /// <param name="cancellationToken">Ends the watch; the job goes on.</param>
    /// <exception cref="UnavailableException">The platform was not there, or stayed away for longer than <see cref="RftClientOptions.WatchPatience"/>.</exception>
    public async IAsyncEnumerable<JobEvent> WatchAsync(
        string jobId, long afterSequence = 0, Action<Reconnection>? reconnecting = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var outage = new Outage(_policy.Options);
        while (true)
        {
            var events = _policy.StreamAsync(
                options => _jobs.WatchJob(new() { JobId = jobId, AfterSequence = afterSequence }, options), timeout: null, cancellationToken);
            await using var stream = events.GetAsyncEnumerator(cancellationToken);
            while (await outage.NextAsync(stream))
            {
                afterSequence = stream.Current.Sequence;
                yield return stream.Current;
            }
            if (outage.Cause is null) yield break;
            var reconnection = outage.Next();
            reconnecting?.Invoke(reconnection);
            await Task.Delay(reconnection.Pause, cancellationToken);
        }
    }

    /// <summary>Waits until the job has ended, and returns it as it then stands.</summary>
    /// <exception cref="UnavailableException">As of <see cref="WatchAsync"/>.</exception>
    public async Task<Job> WaitAsync(string jobId, CancellationToken cancellationToken = default)
    {
        await foreach (var _ in WatchAsync(jobId, cancellationToken: cancellationToken)) { }
        return await GetAsync(jobId, cancellationToken);
    }

    /// <summary>What has happened to the job so far, in order.</summary>
    public IAsyncEnumerable<JobEvent> RecordedEventsAsync(string jobId, CancellationToken cancellationToken = default) => _policy.StreamAsync(
        options => _jobs.WatchJob(new() { JobId = jobId, Snapshot = true }, options), _policy.Options.Timeout, cancellationToken);

    /// <summary>The same, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<JobEvent> ListEventsAsync(string jobId, CancellationToken cancellationToken = default) =>
        ListEventsAsync(new ListEventsRequest { JobId = jobId, PageSize = 100 }, cancellationToken);

    /// <summary>The same from the event before <see cref="ListEventsRequest.BeforeSequence"/> on.</summary>
    public IAsyncEnumerable<JobEvent> ListEventsAsync(ListEventsRequest query, CancellationToken cancellationToken = default) => Pages.AllAsync(
        Text(query.BeforeSequence),
        (before, stop) => _policy.AskAsync(options => _jobs.ListEventsAsync(new(query) { BeforeSequence = Sequence(before) }, options), stop),
        page => page.Events, page => page.HasMore, happened => Text(happened.Sequence), cancellationToken);

    /// <summary>Checkpoints that are kept, newest first; each is a model by its name.</summary>
    public IAsyncEnumerable<Checkpoint> ListCheckpointsAsync(string jobId, CancellationToken cancellationToken = default) =>
        ListCheckpointsAsync(new ListCheckpointsRequest { JobId = jobId, PageSize = 100 }, cancellationToken);

    /// <summary>The same from the one after <see cref="ListCheckpointsRequest.After"/> on.</summary>
    public IAsyncEnumerable<Checkpoint> ListCheckpointsAsync(ListCheckpointsRequest query, CancellationToken cancellationToken = default) => Pages.AllAsync(
        query.After,
        (after, stop) => _policy.AskAsync(options => _jobs.ListCheckpointsAsync(new(query) { After = after }, options), stop),
        page => page.Checkpoints, page => page.HasMore, checkpoint => checkpoint.Id, cancellationToken);

    /// <summary>The rollouts that a query asks for, in order of step, group and index.</summary>
    public async IAsyncEnumerable<Rollout> ListRolloutsAsync(ListRolloutsRequest query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var next = query.Clone();
        do
        {
            var page = await PageOfRolloutsAsync(next, cancellationToken);
            foreach (var rollout in page.Rollouts) yield return rollout;
            next.PageToken = page.NextPageToken;
        }
        while (next.PageToken.Length > 0);
    }

    /// <summary>One page of the same, with the token of the next. It may have fewer rollouts than asked for, even none, and not be the last.</summary>
    public Task<ListRolloutsResponse> PageOfRolloutsAsync(ListRolloutsRequest query, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _jobs.ListRolloutsAsync(query, options), cancellationToken, _policy.Options.WorkTimeout);

    /// <summary>Where a model's weights come from: its jobs from the base model on, each with its steps behind it.</summary>
    public IAsyncEnumerable<LineageEntry> LineageAsync(GetLineageRequest query, CancellationToken cancellationToken = default) =>
        _policy.StreamAsync(options => _jobs.GetLineage(query, options), _policy.Options.WorkTimeout, cancellationToken);

    private static string Text(long sequence) => sequence.ToString(CultureInfo.InvariantCulture);

    private static long Sequence(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
