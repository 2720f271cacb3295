using MassTransit;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>
/// Which jobs wait for a grader that is away, and for how long they have in all. A pause ends with the news that it has, or with
/// silence: the message may be lost.
/// </summary>
public sealed class GradingPauses(TimeProvider clock)
{
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(30);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, JobPauses> _jobs = [];

    public void Pause(GradingPaused news)
    {
        lock (_lock)
        {
            if (!_jobs.TryGetValue(news.JobId, out var job)) _jobs[news.JobId] = job = new JobPauses();
            job.Settle(clock);
            if (job.Graders.Count == 0) (job.Since, job.First) = (clock.GetTimestamp(), news);
            job.Graders[news.Grader] = clock.GetTimestamp();
        }
    }

    public void Resume(GradingResumed news)
    {
        lock (_lock)
        {
            if (!_jobs.TryGetValue(news.JobId, out var job)) return;
            job.Settle(clock);
            job.End(news.Grader, clock.GetTimestamp(), clock);
        }
    }

    /// <summary>What a job waits for, null where it does not.</summary>
    public GradingPaused? Current(string jobId)
    {
        lock (_lock)
        {
            if (!_jobs.TryGetValue(jobId, out var job)) return null;
            job.Settle(clock);
            return job.Graders.Count > 0 ? job.First : null;
        }
    }

    /// <summary>How long a job has waited in all; only ever grows.</summary>
    public TimeSpan Total(string jobId)
    {
        lock (_lock)
        {
            if (!_jobs.TryGetValue(jobId, out var job)) return TimeSpan.Zero;
            job.Settle(clock);
            return job.Ended + (job.Graders.Count > 0 ? clock.GetElapsedTime(job.Since) : TimeSpan.Zero);
        }
    }

    private sealed class JobPauses
    {
        /// <summary>When each grader was last said to be away.</summary>
        public Dictionary<string, long> Graders { get; } = [];
        public long Since { get; set; }
        public GradingPaused? First { get; set; }
        public TimeSpan Ended { get; private set; }

        /// <summary>Ends what nobody has spoken of for long.</summary>
        public void Settle(TimeProvider clock)
        {
            foreach (var (grader, heard) in Graders.OrderBy(entry => entry.Value).ToList())
            {
                if (clock.GetElapsedTime(heard) > s_silence) End(grader, heard + (long)(s_silence.TotalSeconds * clock.TimestampFrequency), clock);
            }
        }

        public void End(string grader, long at, TimeProvider clock)
        {
            if (Graders.Remove(grader) && Graders.Count == 0) Ended += clock.GetElapsedTime(Since, at);
        }
    }
}

/// <summary>Hears of pauses. What was said while nobody listened is said again or does not matter any more.</summary>
public sealed class GradingPauseConsumer(GradingPauses pauses) : IConsumer<GradingPaused>, IConsumer<GradingResumed>
{
    public Task Consume(ConsumeContext<GradingPaused> context)
    {
        pauses.Pause(context.Message);
        return Task.CompletedTask;
    }

    public Task Consume(ConsumeContext<GradingResumed> context)
    {
        pauses.Resume(context.Message);
        return Task.CompletedTask;
    }

    /// <summary>A queue of its own, gone with the process: old news has no use. In order, so that the last word counts.</summary>
    public static void OnEveryInstance(IEndpointRegistrationConfigurator endpoint)
    {
        endpoint.InstanceId = $"-{Guid.NewGuid():N}";
        endpoint.Temporary = true;
        endpoint.ConcurrentMessageLimit = 1;
    }
}
