using System.Security.Cryptography;
using Google.Protobuf;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
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
    FileStore datasets,
    ArtifactStore artifacts,
    ModelFolders models,
    TimeProvider clock)
{
    private const int LongestSuffix = 64;
    private const int LongestKey = 255;
    private const int ModelsShown = 8;

    public async Task<Job> RunAsync(Caller caller, CreateJobRequest request, CancellationToken cancellation)
    {
        var digest = Digest(request);
        if (request.IdempotencyKey.Length > 0 && await jobs.FindRequestAsync(caller.Tenant, request.IdempotencyKey) is { } known)
            return await AgainAsync(known, digest);

        var spec = await ReadAsync(caller, request);
        if (await jobs.CreateAsync(spec, digest, request.IdempotencyKey) is { } first)
            return await AgainAsync(first, digest);
        var job = (await jobs.FindAsync(spec.JobId))!;
        ArtifactStore.WriteJson(artifacts.JobSpecFile(spec.JobId), spec);
        await commands.SendAsync(job, cancellation);
        return job.ToMessage();
    }

    private async Task<JobSpec> ReadAsync(Caller caller, CreateJobRequest request)
    {
        var faults = new List<Violation>();
        CheckModel(request.Model, faults);
        await CheckDatasetAsync("training_dataset_id", request.TrainingDatasetId, faults);
        if (request.ValidationDatasetId.Length > 0) await CheckDatasetAsync("validation_dataset_id", request.ValidationDatasetId, faults);
        CheckGrader(request.GraderJson, faults);
        CheckWords(request, faults);
        var hyperparameters = HyperparameterFields.Read(request.Hyperparameters ?? new(), faults);
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
            GraderJson = request.GraderJson,
            Hyperparameters = hyperparameters,
            Seed = request.HasSeed ? request.Seed : 0,
            CreatedAt = clock.GetUtcNow(),
            Suffix = request.Suffix,
        };
    }

    private void CheckModel(string model, List<Violation> faults)
    {
        if (artifacts.ModelFolder(model) is not null) return;
        var known = models.All().Select(folder => folder.Name).ToList();
        var shown = known.Count == 0 ? "none" : string.Join(", ", known.Take(ModelsShown)) + (known.Count > ModelsShown ? ", ..." : "");
        faults.Add(new Violation("model", $"there is no model '{model}'; known models: {shown}"));
    }

    private async Task CheckDatasetAsync(string field, string id, List<Violation> faults)
    {
        if (id.Length == 0) faults.Add(new Violation(field, "missing; give the id of an uploaded dataset"));
        else if (!await datasets.ExistsAsync(id)) faults.Add(new Violation(field, $"there is no dataset '{id}'; give the id that UploadFile returned"));
    }

    private static void CheckGrader(string json, List<Violation> faults)
    {
        try
        {
            GraderDefinition.Parse(json);
        }
        catch (GraderException error)
        {
            faults.Add(new Violation("grader_json", error.Message));
        }
    }

    private static void CheckWords(CreateJobRequest request, List<Violation> faults)
    {
        if (request.Suffix.Length > LongestSuffix || !request.Suffix.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            faults.Add(new Violation("suffix", $"'{request.Suffix}' is no suffix; letters, digits and hyphens, at most {LongestSuffix}"));
        if (request.IdempotencyKey.Length > LongestKey || request.IdempotencyKey.Any(char.IsControl))
            faults.Add(new Violation("idempotency_key", $"has {request.IdempotencyKey.Length} characters; at most {LongestKey} without control characters"));
    }

    private async Task<Job> AgainAsync(KnownRequest first, string digest)
    {
        if (first.Digest != digest)
            throw Faults.Invalid("idempotency_key", $"was used for another request, which made job {first.JobId}; take a new key for a new job");
        return (await jobs.FindAsync(first.JobId) ?? throw Faults.NoSuchJob(first.JobId)).ToMessage();
    }

    private static string Digest(CreateJobRequest request) => Convert.ToHexStringLower(SHA256.HashData(request.ToByteArray()));
}
