using Grpc.Core;
using MassTransit.Testing;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;
using Asked = RftAspire.Contracts.Jobs.V1.Hyperparameters;
using Defaults = RftAspire.Contracts.Hyperparameters;

namespace RftAspire.Services.Tests.Jobs;

public sealed class CreateJobTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Create_SoundRequest_IsRecordedWrittenAndSentToIngestion()
    {
        var request = await service.RequestAsync();
        request.ValidationDatasetId = request.TrainingDatasetId;
        request.Hyperparameters = new Asked { Steps = 7, Advantage = "mean_std", TopK = 0 };
        request.Seed = -3;
        request.Suffix = "Eu-1";

        var job = await service.Client.CreateJobAsync(request);

        Assert.Equal((JobState.Validating, 7, -3L, "mean_std"), (job.State, job.TotalSteps, job.Seed, job.Hyperparameters.Advantage));
        Assert.Equal(new Defaults().GroupSize, job.Hyperparameters.GroupSize);
        Assert.Equal(job, await service.Client.GetJobAsync(new GetJobRequest { JobId = job.Id }));
        var spec = ArtifactStore.ReadJson<JobSpec>(service.Artifacts.JobSpecFile(job.Id));
        Assert.Equal(new Defaults { Steps = 7, Advantage = AdvantageKind.MeanStd, EvalInterval = 1 }, spec.Hyperparameters);
        Assert.Equal(request.Hyperparameters, job.Requested);
        Assert.Equal($"ft:base:default:Eu-1:{job.Id[6..14]}", spec.TunedModelName);
        Assert.True(await service.Harness.Published.Any<IngestDatasets>(sent => sent.Context.Message.JobId == job.Id));
    }

    [RedisFact]
    public async Task Create_ManyFaults_AreNamedAllAtOnce()
    {
        var error = await FailsAsync(
            async () => await service.Client.CreateJobAsync(new CreateJobRequest
            {
                Model = "../base",
                ValidationDatasetId = "file-none",
                GraderJson = "[1]",
                Suffix = "a b",
                IdempotencyKey = "a\nb",
                Hyperparameters = new Asked
                {
                    Steps = 0,
                    GroupSize = 1,
                    Temperature = double.NaN,
                    TopP = 0,
                    PromptWordDropout = 1,
                    LossNormalization = "tokens",
                },
            }),
            StatusCode.InvalidArgument);

        string[] fields =
        [
            "model", "training_dataset_id", "validation_dataset_id", "grader_json", "suffix", "idempotency_key",
            "hyperparameters.steps", "hyperparameters.group_size", "hyperparameters.temperature", "hyperparameters.top_p",
            "hyperparameters.loss_normalization", "hyperparameters.prompt_word_dropout",
        ];
        Assert.Equal(fields, Fields(error));
        Assert.Contains("there is no model '../base'; known models: base", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("hyperparameters.group_size: 1 is out of range; a whole number from 2 to 256", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("'tokens' is unknown; one of token, sequence, constant", error.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("0 is out of range; more than 0 and at most 1", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisTheory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"type":1}""")]
    [InlineData("""{"name":"x"}""")]
    [InlineData("""{"type":"oracle"}""", "$.type: 'oracle'")]
    [InlineData("""{"type":"multi","graders":{"f":{"type":"label_set","reference":"labels"}},"calculate_output":"f"}""", "$.graders.f.reference: 'labels'")]
    [InlineData("""{"type":"label_set","reference":"{{item.labels}}","betta":1}""", "$.betta")]
    public async Task Create_FaultyGrader_IsTheOnlyFaultWithItsPath(string grader, string path = "$")
    {
        var request = await service.RequestAsync();
        request.GraderJson = grader;

        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument);

        Assert.Equal(["grader_json"], Fields(error));
        Assert.Contains(path, error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Create_GraderOfMoreThanAMebibyte_IsRefused()
    {
        var request = await service.RequestAsync();
        request.GraderJson += new string(' ', 1 << 20);

        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument);

        Assert.Contains("at most 1048576 are allowed", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Create_SameIdempotencyKey_IsOneJobOrAFault()
    {
        var request = await service.RequestAsync();
        request.IdempotencyKey = "key-" + request.TrainingDatasetId;

        var jobs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => service.Client.CreateJobAsync(request).ResponseAsync));
        request.Seed = 9;
        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.Aborted);

        Assert.Single(jobs.Select(job => job.Id).Distinct());
        Assert.Contains(jobs[0].Id, error.Status.Detail, StringComparison.Ordinal);
        Assert.StartsWith("idempotency_key was used for another request", error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Create_MethodMetadataAndFormat_AreKeptAndShown()
    {
        var request = await service.RequestAsync();
        request.Method = JobMethod.Reinforcement;
        request.Metadata.Add("team", "lab");
        request.Metadata.Add("Äpfel", "");
        request.ResponseFormatJson = """{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"}}}""";
        request.Hyperparameters = new Asked { NEpochs = 3, PromptsPerStep = 1, ComputeMultiplier = 0.5, Algorithm = "dr_grpo" };

        var job = await service.Client.CreateJobAsync(request);

        Assert.Equal((JobMethod.Reinforcement, request.ResponseFormatJson), (job.Method, job.ResponseFormatJson));
        Assert.Equal(request.Metadata, job.Metadata);
        Assert.Equal(request.Hyperparameters, job.Requested);
        Assert.Equal((3, 3, 4, "constant"), (job.TotalSteps, job.Hyperparameters.Steps, job.Hyperparameters.GroupSize, job.Hyperparameters.LossNormalization));
        Assert.Equal(job, await service.Client.GetJobAsync(new GetJobRequest { JobId = job.Id }));
    }

    [RedisFact]
    public async Task Create_Supervised_HasNoGraderAndItsOwnDefaults()
    {
        var request = await service.RequestAsync();
        request.Method = JobMethod.Supervised;
        request.ResponseFormatJson = """{"type":"json_object"}""";
        request.Hyperparameters = new Asked { GroupSize = 4 };
        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument);
        Assert.Equal(["grader_json", "response_format_json", "hyperparameters.group_size"], Fields(error));

        (request.GraderJson, request.ResponseFormatJson, request.Hyperparameters) = ("", """{"type":"text"}""", null);
        var job = await service.Client.CreateJobAsync(request);

        Assert.Equal((JobMethod.Supervised, "", "", 1), (job.Method, job.GraderJson, job.ResponseFormatJson, job.TotalSteps));
        Assert.False(job.Hyperparameters.HasGroupSize);
        Assert.Equal(TrainingMethod.Supervised, ArtifactStore.ReadJson<JobSpec>(service.Artifacts.JobSpecFile(job.Id)).Method);
    }

    [RedisTheory]
    [InlineData("[]", "type")]
    [InlineData("{", "not JSON")]
    [InlineData("""{"type":"xml"}""", "type")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"a"}}""", "json_schema.schema")]
    public async Task Create_FaultyResponseFormat_IsNamed(string format, string fault)
    {
        var request = await service.RequestAsync();
        request.ResponseFormatJson = format;

        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument);

        Assert.Equal(["response_format_json"], Fields(error));
        Assert.Contains(fault, error.Status.Detail, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Create_MetadataBeyondItsLimits_IsRefused()
    {
        var request = await service.RequestAsync();
        request.Metadata.Add("", "x");
        request.Metadata.Add("a", new string('v', 513));
        request.Metadata.Add(new string('k', 65), "x");
        Assert.Equal(["metadata", "metadata.a", "metadata"], await FaultyFieldsAsync(request));

        request.Metadata.Clear();
        for (var i = 0; i < 17; i++) request.Metadata.Add($"{i}", "x");
        Assert.Equal(["metadata"], await FaultyFieldsAsync(request));
    }

    [RedisFact]
    public async Task Create_ModelOfAnotherTenant_IsAnUnknownModel()
    {
        WriteModel(service.Artifacts.TunedModelFolder("ft:base:someone:x:12345678"), "{}");
        var request = await service.RequestAsync();
        request.Model = "ft:base:someone:x:12345678";

        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument);

        Assert.Contains("there is no model 'ft:base:someone:x:12345678'; known models: base", error.Status.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain("someone", error.Status.Detail[error.Status.Detail.IndexOf("known", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Create_SameMetadataInAnotherOrder_IsTheSameRequest()
    {
        var request = await service.RequestAsync();
        request.IdempotencyKey = "meta-" + request.TrainingDatasetId;
        var other = request.Clone();
        request.Metadata.Add("a", "1");
        request.Metadata.Add("b", "2");
        other.Metadata.Add("b", "2");
        other.Metadata.Add("a", "1");

        Assert.Equal((await service.Client.CreateJobAsync(request)).Id, (await service.Client.CreateJobAsync(other)).Id);
    }

    private async Task<string[]> FaultyFieldsAsync(CreateJobRequest request) =>
        Fields(await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument));
}
