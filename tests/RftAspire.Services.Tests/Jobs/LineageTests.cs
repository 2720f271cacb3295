using System.Security.Cryptography;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;
using StepTrained = RftAspire.Contracts.Messages.StepTrained;

namespace RftAspire.Services.Tests.Jobs;

public sealed class LineageTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task GetLineage_ModelTunedFromACheckpoint_LeadsFromTheBaseModelThroughBothJobs()
    {
        var parent = await TrainAsync("base", steps: 3);
        var checkpoint = ModelNames.Checkpoint(parent.TunedModel, 2);
        WriteModel(service.Artifacts.TunedModelFolder(checkpoint), "{}");
        var child = await TrainAsync(checkpoint, steps: 1);

        var entries = await LineageAsync(new() { Model = child.TunedModel });

        Assert.Equal(["job 2", "step 1", "step 2", "job 1", "step 1"], entries.Select(Describe));
        var (first, second) = (entries[0].Job, entries[3].Job);
        Assert.Equal((parent.Id, "base", child.Id, checkpoint), (first.JobId, first.Model, second.JobId, second.Model));
        Assert.Equal((parent.TrainingDatasetId, 1), (first.Training.Id, first.Training.Rows));
        Assert.Equal((GraderDefinition.Parse(parent.GraderJson).Digest, parent.Hyperparameters, 5L), (first.GraderDigest, first.Hyperparameters, first.Seed));
        Assert.Equal([$"2 {checkpoint} digest-2"], first.Weights.Select(kept => $"{kept.Step} {kept.Model} {kept.Digest}"));
        Assert.Equal([$"1 {child.TunedModel} final"], second.Weights.Select(kept => $"{kept.Step} {kept.Model} {kept.Digest}"));
    }

    [RedisFact]
    public async Task GetLineage_Steps_HaveTheDigestOfTheirRollouts()
    {
        var job = await TrainAsync("base", steps: 2);
        File.Delete(service.Artifacts.RolloutsFile(job.Id, 2));

        var steps = (await LineageAsync(new() { JobId = job.Id })).Skip(1).Select(entry => entry.Step).ToList();

        var digest = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(service.Artifacts.RolloutsFile(job.Id, 1))));
        Assert.Equal((digest, 2, 8, 0.25), (steps[0].RolloutsDigest, steps[0].Groups, steps[0].Rollouts, steps[0].MeanReward));
        Assert.Equal(("", 0, true), (steps[1].RolloutsDigest, steps[1].Groups, steps[1].HasMeanReward));
        Assert.Equal(["job 1", "step 1"], (await LineageAsync(new() { JobId = job.Id, Step = 1 })).Select(Describe));
    }

    [RedisFact]
    public async Task GetLineage_BaseModel_HasNoJobs() => Assert.Empty(await LineageAsync(new() { Model = "base" }));

    [RedisFact]
    public async Task GetLineage_Unknown_IsNotFound()
    {
        var job = await TrainAsync("base", steps: 1);
        foreach (var model in new[] { "none", "ft:base:default::00000000", $"{job.TunedModel}:ckpt-step-2", $"{job.TunedModel}:ckpt-step-x" })
            Assert.Contains($"'{model}'", (await FailsAsync(() => LineageAsync(new() { Model = model }), StatusCode.NotFound)).Status.Detail, StringComparison.Ordinal);
        await FailsAsync(() => LineageAsync(new() { JobId = "ftjob-none" }), StatusCode.NotFound);
        foreach (var request in new GetLineageRequest[] { new(), new() { Model = "base", JobId = job.Id }, new() { JobId = job.Id, Step = 2 }, new() { Model = job.TunedModel, Step = 1 } })
            await FailsAsync(() => LineageAsync(request), StatusCode.InvalidArgument);
    }

    private async Task<Job> TrainAsync(string model, int steps)
    {
        var request = await service.RequestAsync();
        (request.Model, request.Seed) = (model, 5);
        var id = (await service.Client.CreateJobAsync(request)).Id;
        var tuned = ArtifactStore.ReadJson<JobSpec>(service.Artifacts.JobSpecFile(id)).TunedModelName;
        for (var step = 1; step <= steps; step++)
        {
            ArtifactStore.WriteAtomically(service.Artifacts.RolloutsFile(id, step), stream => stream.Write("{}\n{}\n"u8));
            await service.PublishAsync(new StepTrained(id, step, steps, new() { ["rollouts/count"] = 8, ["rollouts/ungraded"] = 7, ["reward/mean"] = 0.25 }));
        }
        if (steps > 2) await service.PublishAsync(new CheckpointsKept(id, 1, [new KeptCheckpoint(2, ModelNames.Checkpoint(tuned, 2), "digest-2", [], DateTimeOffset.UnixEpoch)]));
        await service.PublishAsync(new JobSucceeded(id, tuned, "final"));
        var job = new Job();
        await UntilAsync(async () => (job = await service.Client.GetJobAsync(new GetJobRequest { JobId = id })).State == JobState.Succeeded);
        return job;
    }

    private async Task<List<LineageEntry>> LineageAsync(GetLineageRequest request)
    {
        using var call = service.Client.GetLineage(request);
        var entries = new List<LineageEntry>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None)) entries.Add(call.ResponseStream.Current);
        return entries;
    }

    private static string Describe(LineageEntry entry) => entry.Job is { } job ? $"job {job.Step}" : $"step {entry.Step.Step}";
}
