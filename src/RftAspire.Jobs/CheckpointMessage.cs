using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>A kept checkpoint in the API's form.</summary>
internal static class CheckpointMessage
{
    public static Checkpoint Of(JobRecord job, KeptCheckpoint kept)
    {
        var checkpoint = new Checkpoint
        {
            Id = Ids.Checkpoint(job.Spec.JobId, kept.Step),
            JobId = job.Spec.JobId,
            Step = kept.Step,
            Model = kept.ModelName,
            CreatedAt = kept.CreatedAt.ToTimestamp(),
            WeightsDigest = kept.WeightsDigest,
        };
        foreach (var (name, value) in kept.Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal)) checkpoint.Metrics[name] = value;
        return checkpoint;
    }
}
