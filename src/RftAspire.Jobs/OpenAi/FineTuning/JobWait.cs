using Microsoft.Extensions.Options;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>
/// Holds an answer back for a moment, until the job is where it was sent: clients expect a cancelled job of cancel, and Training
/// needs a second for that.
/// </summary>
internal sealed class JobWait(ReadJobs jobs, JobSignal signal, IOptions<JobsOptions> options, TimeProvider clock)
{
    public async Task<Job> WhileAsync(Caller caller, Job job, JobState state, CancellationToken cancellation)
    {
        var start = clock.GetTimestamp();
        while (job.State == state && clock.GetElapsedTime(start) < options.Value.AnswerPatience)
        {
            var changed = signal.Next;
            job = await jobs.GetAsync(caller, new GetJobRequest { JobId = job.Id });
            if (job.State == state) await Task.WhenAny(changed, Task.Delay(options.Value.WatchInterval, cancellation));
        }
        return job;
    }
}
