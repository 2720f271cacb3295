using System.Text.Json;
using Google.Protobuf;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using StackExchange.Redis;

namespace RftAspire.Jobs.State;

/// <summary>A job's record as fields of its Redis hash.</summary>
internal static class JobFields
{
    public static RedisValue[] Write(JobRecord job) =>
    [
        "spec", JsonSerializer.Serialize(job.Spec, ArtifactStore.Json),
        "state", job.State.ToString(),
        "revision", job.Revision,
        "changed", job.ChangedAt.UtcTicks,
        "started", job.StartedAt?.UtcTicks ?? 0,
        "finished", job.FinishedAt?.UtcTicks ?? 0,
        "step", job.Step,
        "total", job.TotalSteps,
        "error", job.Error?.ToByteArray() ?? [],
        "round", job.Round,
        "accepted", job.InputsAccepted,
        "checkpoints", JsonSerializer.Serialize(job.Checkpoints, ArtifactStore.Json),
        "change", job.CheckpointChange,
        "model", job.TunedModel,
        "digest", job.WeightsDigest,
        "results", job.ResultFileId,
        "costs", job.Costs.ToByteArray(),
    ];

    public static JobRecord Read(HashEntry[] entries)
    {
        var fields = entries.ToDictionary(entry => (string)entry.Name!, entry => entry.Value);
        var state = Enum.Parse<JobState>((string)fields["state"]!);
        var error = (byte[])fields["error"]!;
        return new JobRecord
        {
            Spec = JsonSerializer.Deserialize<JobSpec>((string)fields["spec"]!, ArtifactStore.Json)!,
            State = state,
            Revision = (long)fields["revision"],
            // A job that was recorded before there were pauses has none of these.
            Round = fields.TryGetValue("round", out var round) ? (int)round : 1,
            InputsAccepted = fields.TryGetValue("accepted", out var accepted) ? (bool)accepted : state != JobState.Validating,
            Checkpoints = fields.TryGetValue("checkpoints", out var checkpoints) ? JsonSerializer.Deserialize<KeptCheckpoint[]>((string)checkpoints!, ArtifactStore.Json)! : [],
            CheckpointChange = fields.TryGetValue("change", out var change) ? (int)change : 0,
            ChangedAt = Time(fields["changed"])!.Value,
            StartedAt = Time(fields["started"]),
            FinishedAt = Time(fields["finished"]),
            Step = (int)fields["step"],
            TotalSteps = (int)fields["total"],
            Error = error is { Length: > 0 } ? JobError.Parser.ParseFrom(error) : null,
            TunedModel = (string)fields["model"]! ?? "",
            WeightsDigest = (string)fields["digest"]! ?? "",
            ResultFileId = (string?)fields.GetValueOrDefault("results") ?? "",
            Costs = JobCosts.Parser.ParseFrom((byte[]?)fields.GetValueOrDefault("costs") ?? []),
        };
    }

    private static DateTimeOffset? Time(RedisValue ticks) => (long)ticks == 0 ? null : new DateTimeOffset((long)ticks, TimeSpan.Zero);
}
