using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.Models;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs;

/// <summary>CreateJob: all faults of the request at once, or a job that is recorded before anyone is told to work on it.</summary>
public sealed class CreateJob(
    JobStore jobs,
    JobCommands commands,
    FileStore files,
    ArtifactStore artifacts,
    ModelFolders models,
    JobQuota quota,
    TimeProvider clock)
{
    private const int ModelsShown = 8;
    private static readonly JsonFormatter s_json = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    public async Task<Job> RunAsync(Caller caller, CreateJobRequest request, CancellationToken cancellation)
    {
        var digest = Digest(request);
        if (request.IdempotencyKey.Length > 0 && await jobs.FindRequestAsync(caller.Tenant, request.IdempotencyKey) is { } known)
            return await AgainAsync(known, digest);

        var spec = await ReadAsync(caller, request);
        if (await quota.WithRoomAsync(caller.Tenant, () => jobs.CreateAsync(spec, digest, request.IdempotencyKey), cancellation) is { } first)
            return await AgainAsync(first, digest);
        caller.Target = spec.JobId;
        var job = (await jobs.FindAsync(spec.JobId))!;
        ArtifactStore.WriteJson(artifacts.JobSpecFile(spec.JobId), spec);
        await commands.SendAsync(job, cancellation);
        return job.ToMessage();
    }

    private async Task<JobSpec> ReadAsync(Caller caller, CreateJobRequest request)
    {
        var faults = new List<Violation>();
        CheckModel(caller, request.Model, faults);
        var training = await FindDatasetAsync(caller, "training_dataset_id", request.TrainingDatasetId, faults);
        if (request.ValidationDatasetId.Length > 0) await FindDatasetAsync(caller, "validation_dataset_id", request.ValidationDatasetId, faults);
        var fields = new CreateJobFields(caller, request, faults);
        var method = fields.Method();
        fields.CheckGrader(method);
        fields.CheckResponseFormat(method);
        fields.CheckWords();
        var hyperparameters = HyperparameterFields.Read(request.Hyperparameters ?? new(), method, training?.Rows ?? 0, faults);
        if (faults.Count > 0) throw Faults.Invalid(faults);

        var id = Ids.NewJob();
        return new JobSpec
        {
            JobId = id,
            Tenant = caller.Tenant,
            Model = request.Model,
            TunedModelName = Ids.TunedModel(request.Model, caller.Tenant, request.Suffix, id),
            TrainingDatasetId = request.TrainingDatasetId,
            ValidationDatasetId = request.ValidationDatasetId.Length > 0 ? request.ValidationDatasetId : null,
            Method = method,
            GraderJson = request.GraderJson,
            ResponseFormatJson = fields.ResponseFormat(),
            Hyperparameters = hyperparameters,
            Seed = request.HasSeed ? request.Seed : 0,
            CreatedAt = clock.GetUtcNow(),
            Suffix = request.Suffix,
            Annotation = request.Annotation,
            Metadata = new(request.Metadata, StringComparer.Ordinal),
            RequestedJson = request.Hyperparameters is { } asked ? s_json.Format(asked) : null,
        };
    }

    private void CheckModel(Caller caller, string model, List<Violation> faults)
    {
        if (models.Find(caller, model) is not null) return;
        var known = models.All(caller).Select(folder => folder.Name).ToList();
        var shown = known.Count == 0 ? "none" : string.Join(", ", known.Take(ModelsShown)) + (known.Count > ModelsShown ? ", ..." : "");
        faults.Add(new Violation("model", $"there is no model '{model}'; known models: {shown}"));
    }

    private async Task<StoredFile?> FindDatasetAsync(Caller caller, string field, string id, List<Violation> faults)
    {
        if (id.Length == 0)
        {
            faults.Add(new Violation(field, "missing; give the id of an uploaded dataset"));
            return null;
        }
        var found = await files.FindAsync(caller.Tenant, id);
        if (found is null) faults.Add(new Violation(field, $"there is no dataset '{id}'; give the id that UploadFile returned"));
        else if (found.Purpose != FilePurpose.FineTune) faults.Add(new Violation(field, $"'{id}' is a file of purpose {found.Purpose}; give one of purpose {FilePurpose.FineTune}"));
        return found;
    }

    private async Task<Job> AgainAsync(KnownRequest first, string digest)
    {
        if (first.Digest != digest)
            throw new RpcException(new Status(StatusCode.Aborted, $"idempotency_key was used for another request, which made job {first.JobId}; take a new key for a new job"));
        return (await jobs.FindAsync(first.JobId) ?? throw Faults.NoSuchJob(first.JobId)).ToMessage();
    }

    // A map has no order of its own: the same pairs must give the same digest.
    private static string Digest(CreateJobRequest request)
    {
        var ordered = request.Clone();
        ordered.Metadata.Clear();
        foreach (var (key, value) in request.Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) ordered.Metadata[key] = value;
        return Convert.ToHexStringLower(SHA256.HashData(ordered.ToByteArray()));
    }
}
