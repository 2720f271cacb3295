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
    public async Task<JobRecord?> MakerAsync(ModelFolder model)
    {
        if (!model.IsTuned || await jobs.MakerAsync(ModelNames.WithoutCheckpoint(model.Name)) is not { } job) return null;
        return await jobs.FindAsync(job);
    }

    /// <summary>What a Sampling worker loads.</summary>
    public async Task<WeightsReference> WeightsAsync(Caller caller, string name)
    {
        var model = Get(caller, name);
        var job = await MakerAsync(model);
        // A base model's folder is its identity, and so is a checkpoint's: neither ever changes. A tuned model's digest is known.
        var digest = job?.TunedModel == name ? job.WeightsDigest : "";
        var location = model.IsTuned ? Path.GetRelativePath(artifacts.Root, model.Location) : model.Location;
        return new WeightsReference(job?.Step ?? 0, location, digest, job?.Spec.Hyperparameters.Precision ?? ProductPrecision.F32);
    }
}
