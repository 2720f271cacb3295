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
        Assert.Equal(new Defaults { Steps = 7, Advantage = AdvantageKind.MeanStd }, spec.Hyperparameters);
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
        var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.InvalidArgument);

        Assert.Single(jobs.Select(job => job.Id).Distinct());
        Assert.Contains(jobs[0].Id, error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(["idempotency_key"], Fields(error));
    }
}
