using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Models;

/// <summary>DeleteModel: a tuned model or checkpoint that no unfinished job has a use for.</summary>
public sealed class DeleteModel(ServedModels models, ArtifactStore artifacts, JobStore jobs)
{
    public async Task<bool> RunAsync(Caller caller, string name)
    {
        caller.Target = name;
        var model = models.Get(caller, name);
        if (!model.IsTuned) throw Refused($"'{name}' is a base model, which only who runs the platform can remove, from {artifacts.BaseModels}");
        foreach (var job in await jobs.ActiveAsync())
        {
            if (job.Spec.Model == name) throw Refused($"job {job.Spec.JobId} starts from '{name}' and has not ended; cancel it first");
            if (job.Spec.TunedModelName == ModelNames.WithoutCheckpoint(name)) throw Refused($"job {job.Spec.JobId} makes '{name}' and has not ended; cancel it first");
        }
        // Gone at once, whatever becomes of its files; a name that begins with a dot is no model's.
        var gone = Path.Combine(Path.GetDirectoryName(model.Location)!, $".deleted-{Guid.NewGuid():N}");
        Directory.Move(model.Location, gone);
        Directory.Delete(gone, recursive: true);
        return true;
    }

    private static RpcException Refused(string why) => new(new Status(StatusCode.FailedPrecondition, why));
}
