using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Services.Tests.Jobs.Access.Ids;

namespace RftAspire.Services.Tests.Jobs.Access;

/// <summary>What a tenant is given without asking by id is its own.</summary>
public sealed class TenantTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private static readonly string[] s_listed = ["job", "file", "rows", "model", "kept", "eval", "webhook", "key"];

    [RedisFact]
    public async Task Lists_OfATenant_HoldItsOwnThingsAlone()
    {
        var (owner, stranger) = (await TenantWorld.CreateAsync(service, "owner"), await TenantWorld.CreateAsync(service, "stranger"));

        var (theirs, ours) = (await ListAllAsync(owner), await ListAllAsync(stranger));

        Assert.All(s_listed, kind => Assert.Contains(owner[kind], theirs, StringComparison.Ordinal));
        Assert.All(s_listed, kind => Assert.DoesNotContain(owner[kind], ours, StringComparison.Ordinal));
    }

    [RedisFact]
    public async Task CreateJob_KeyOfAnotherTenantsRequest_MakesAJobOfItsOwn()
    {
        var request = await service.RequestAsync();
        request.IdempotencyKey = "same";
        var ours = await service.Client.CreateJobAsync(request);
        using var channel = await service.ChannelOfAsync("stranger");

        string? theirs = null;
        try
        {
            theirs = (await new JobService.JobServiceClient(channel).CreateJobAsync(request)).Id;
        }
        catch (RpcException error)
        {
            // The dataset is not the stranger's.
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        }
        Assert.NotEqual(ours.Id, theirs);
    }

    private async Task<string> ListAllAsync(TenantWorld world)
    {
        using var channel = service.Channel(world.Key);
        IMessage[] lists =
        [
            await new JobService.JobServiceClient(channel).ListJobsAsync(new()),
            await new FileService.FileServiceClient(channel).ListFilesAsync(new()),
            await new ModelService.ModelServiceClient(channel).ListModelsAsync(new()),
            await new EvalService.EvalServiceClient(channel).ListEvalsAsync(new()),
            await new WebhookService.WebhookServiceClient(channel).ListWebhooksAsync(new()),
            await new KeyService.KeyServiceClient(channel).ListKeysAsync(new()),
            await new KeyService.KeyServiceClient(channel).ListAuditEventsAsync(new()),
        ];
        return string.Concat(lists.Select(list => list.ToString()));
    }
}
