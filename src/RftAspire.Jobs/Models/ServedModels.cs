using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Models;

/// <summary>The models that a caller may use, and the jobs that made them.</summary>
public sealed class ServedModels(ModelFolders folders, ArtifactStore artifacts, JobStore jobs)
{
    /// <exception cref="Grpc.Core.RpcException">NOT_FOUND, also where it is another tenant's.</exception>
    public ModelFolder Get(Caller caller, string name) => folders.Find(caller, name) ?? throw Faults.NoSuchModel(name);

    /// <summary>The job that made a model; null for a base model.</summary>
    public async Task<JobRecord?> MakerAsync(ModelFolder model) =>
        model.IsTuned ? await jobs.FindByModelAsync(ModelNames.WithoutCheckpoint(model.Name)) : null;

    /// <summary>What a Sampling worker loads.</summary>
    public async Task<WeightsReference> WeightsAsync(Caller caller, string name)
    {
        var model = Get(caller, name);
        var job = await MakerAsync(model);
        // What no job made has no digest here, and an adapter's is not that of the weights it was merged into: their folders tell them apart.
        var digest = job is null or { Spec.Hyperparameters.LoraRank: > 0 } ? null
            : job.TunedModel == name ? job.WeightsDigest
            : job.Checkpoints.FirstOrDefault(kept => kept.ModelName == name)?.WeightsDigest;
        var location = model.IsTuned ? Path.GetRelativePath(artifacts.Root, model.Location) : model.Location;
        return new WeightsReference(job?.Step ?? 0, location, digest ?? "", job?.Spec.Hyperparameters.Precision ?? ProductPrecision.F32);
    }
}
