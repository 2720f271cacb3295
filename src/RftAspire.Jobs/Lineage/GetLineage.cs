using System.Globalization;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Lineage;

/// <summary>GetLineage: everything that decided a model's weights, from the base model on.</summary>
public sealed class GetLineage(JobStore jobs, FileStore files, ArtifactStore artifacts)
{
    private const int Batch = 256;

    public async Task<bool> RunAsync(Caller caller, GetLineageRequest request, Func<LineageEntry, Task> write, CancellationToken cancellation)
    {
        var chain = new Stack<(JobRecord Job, int Step)>();
        for (var next = await StartAsync(caller, request); next is { } link; next = await FindAsync(caller, link.Job.Spec.Model)) chain.Push(link);
        foreach (var (job, step) in chain)
        {
            await write(new LineageEntry { Job = await DescribeAsync(job, step) });
            await WriteStepsAsync(job, step, write, cancellation);
        }
        return true;
    }

    private async Task<(JobRecord Job, int Step)?> StartAsync(Caller caller, GetLineageRequest request)
    {
        if (request.Model.Length > 0 == request.JobId.Length > 0) throw Faults.Invalid("model", "give either a model or a job_id");
        if (request.Model.Length == 0) return await StartAsync(caller, request.JobId, request);
        if (request.HasStep) throw Faults.Invalid("step", "belongs to a job_id; a model's name has its own step");
        if (await FindAsync(caller, request.Model) is { } found) return found;
        if (!ModelNames.IsTuned(request.Model) && artifacts.ModelFolder(request.Model) is not null) return null;
        throw Faults.NoSuchModel(request.Model);
    }

    private async Task<(JobRecord Job, int Step)?> StartAsync(Caller caller, string jobId, GetLineageRequest request)
    {
        var job = await jobs.FindAsync(caller.Tenant, jobId) ?? throw Faults.NoSuchJob(jobId);
        if (request.HasStep && (request.Step < 0 || request.Step > job.Step))
            throw Faults.Invalid("step", $"{request.Step} is no weights version of the job; 0 to {job.Step}");
        return (job, request.HasStep ? request.Step : job.Step);
    }

    /// <summary>The job and version behind a model's name; null for a base model, and for what the tenant does not know.</summary>
    private async Task<(JobRecord Job, int Step)?> FindAsync(Caller caller, string model)
    {
        var tuned = model;
        int? step = null;
        if (ModelNames.IsCheckpoint(model))
        {
            var end = model.LastIndexOf(':');
            tuned = model[..end];
            step = int.TryParse(model.AsSpan(model.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
            if (step is null) return null;
        }
        // By the name alone: nothing of another tenant's job is read.
        if (ModelNames.TenantOf(tuned) != caller.Tenant || await jobs.FindByModelAsync(tuned) is not { } job) return null;
        return step is null || step <= job.Step ? (job, step ?? job.Step) : null;
    }

    private async Task<LineageJob> DescribeAsync(JobRecord job, int step)
    {
        var message = job.ToMessage();
        var described = new LineageJob
        {
            JobId = message.Id,
            Model = message.Model,
            Step = step,
            Method = message.Method,
            Training = await DatasetAsync(job.Spec.Tenant, message.TrainingDatasetId),
            Validation = message.ValidationDatasetId.Length == 0 ? null : await DatasetAsync(job.Spec.Tenant, message.ValidationDatasetId),
            GraderDigest = message.GraderJson.Length == 0 ? "" : GraderDefinition.Parse(message.GraderJson).Digest,
            Hyperparameters = message.Hyperparameters,
            Seed = message.Seed,
            ResponseFormatJson = message.ResponseFormatJson,
        };
        foreach (var kept in job.Checkpoints.Where(kept => kept.Step <= step))
            described.Weights.Add(new LineageWeights { Step = kept.Step, Model = kept.ModelName, Digest = kept.WeightsDigest });
        if (job.TunedModel.Length > 0 && step == job.Step)
            described.Weights.Add(new LineageWeights { Step = step, Model = job.TunedModel, Digest = job.WeightsDigest });
        return described;
    }

    private async Task<LineageDataset> DatasetAsync(string tenant, string id)
    {
        var file = await files.FindAsync(tenant, id);
        return new LineageDataset { Id = id, Digest = file?.Digest ?? "", Rows = file?.Rows ?? 0 };
    }

    private async Task WriteStepsAsync(JobRecord job, int last, Func<LineageEntry, Task> write, CancellationToken cancellation)
    {
        for (long after = 0; ;)
        {
            var events = await jobs.EventsAsync(job.Spec.JobId, after, Batch);
            foreach (var trained in events.Select(happened => happened.StepTrained).Where(trained => trained?.Step <= last))
                await write(new LineageEntry { Step = await StepAsync(job, trained, cancellation) });
            if (events.Length < Batch) return;
            after = events[^1].Sequence;
        }
    }

    private async Task<LineageStep> StepAsync(JobRecord job, StepTrained trained, CancellationToken cancellation)
    {
        var (digest, groups) = await RolloutsDigest.OfAsync(artifacts.RolloutsFile(job.Spec.JobId, trained.Step), cancellation);
        var step = new LineageStep { Step = trained.Step, RolloutsDigest = digest, Groups = groups, Rollouts = (int)trained.Metrics.GetValueOrDefault("rollouts/count") };
        if (trained.Metrics.GetValueOrDefault("rollouts/ungraded") < step.Rollouts && trained.Metrics.TryGetValue("reward/mean", out var mean)) step.MeanReward = mean;
        return step;
    }
}
