using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Access;

public sealed class AuditTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private KeyService.KeyServiceClient Keys => service.Keys();

    [RedisFact]
    public async Task Changes_DoneAndRefused_AreRecordedWithTheirTarget()
    {
        using var channel = await service.ChannelOfAsync("audited");
        var (jobs, keys) = (new JobService.JobServiceClient(channel), new KeyService.KeyServiceClient(channel));
        var made = await keys.CreateKeyAsync(new() { Name = "viewer", Role = Role.Viewer });
        using var viewer = service.Channel(made.Secret);
        await FailsAsync(async () => await jobs.CancelJobAsync(new() { JobId = "ftjob-\r\nforged\u001b[2K" }), StatusCode.NotFound);
        await FailsAsync(async () => await new JobService.JobServiceClient(viewer).CancelJobAsync(new() { JobId = "x" }), StatusCode.PermissionDenied);
        await jobs.ListJobsAsync(new());

        var events = (await keys.ListAuditEventsAsync(new())).Events;

        Assert.Equal(
            [
                ("rft.jobs.v1.JobService/CancelJob", made.Key.Id, "", "PERMISSION_DENIED"),
                ("rft.jobs.v1.JobService/CancelJob", events[^1].KeyId, @"ftjob-\u000d\u000aforged\u001b[2K", "NOT_FOUND"),
                ("rft.jobs.v1.KeyService/CreateKey", events[^1].KeyId, made.Key.Id, "OK"),
            ],
            events.Select(happened => (happened.Action, happened.KeyId, happened.Target, happened.Outcome)));
        Assert.All(events, happened => Assert.Equal("audited", happened.Tenant));
        Assert.All(events, happened => Assert.InRange(happened.Time.ToDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow));
    }

    [RedisFact]
    public async Task CreateJobAndUpload_Done_NameWhatTheyMade()
    {
        var request = await service.RequestAsync();
        var job = await service.Client.CreateJobAsync(request);

        var events = (await Keys.ListAuditEventsAsync(new() { PageSize = 2 })).Events;

        Assert.Equal(("rft.jobs.v1.JobService/CreateJob", job.Id), (events[0].Action, events[0].Target));
        Assert.Equal(("rft.jobs.v1.FileService/UploadFile", request.TrainingDatasetId), (events[1].Action, events[1].Target));
    }

    [RedisFact]
    public async Task RestCalls_DoneAndRefused_AreRecordedLikeTheOthers()
    {
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", await service.NewKeyAsync(Role.Admin, "over-rest"));
        using var channel = await service.ChannelOfAsync("over-rest");

        await http.DeleteAsync("/v1/files/file-none");
        await http.GetAsync("/v1/files");

        var happened = (await new KeyService.KeyServiceClient(channel).ListAuditEventsAsync(new())).Events.Single();
        Assert.Equal(("DELETE /v1/files/{id}", "file-none", "NOT_FOUND"), (happened.Action, happened.Target, happened.Outcome));
    }

    [RedisFact]
    public async Task ListAuditEvents_InPages_MissesAndRepeatsNone()
    {
        using var channel = await service.ChannelOfAsync("paged");
        var keys = new KeyService.KeyServiceClient(channel);
        var made = new List<string>();
        for (var i = 0; i < 5; i++) made.Insert(0, (await keys.CreateKeyAsync(new() { Name = $"k{i}", Role = Role.Viewer })).Key.Id);

        var seen = new List<string>();
        ListAuditEventsResponse page;
        var after = "";
        do
        {
            page = await keys.ListAuditEventsAsync(new() { PageSize = 2, After = after });
            seen.AddRange(page.Events.Select(happened => happened.Target));
            after = page.Events[^1].Id;
        }
        while (page.HasMore);

        Assert.Equal(made, seen);
    }

    [RedisFact]
    public async Task ListAuditEvents_FaultyPage_NamesTheField()
    {
        Assert.Equal(["page_size"], Fields(await FailsAsync(async () => await Keys.ListAuditEventsAsync(new() { PageSize = 1001 }), StatusCode.InvalidArgument)));
        Assert.Equal(["after"], Fields(await FailsAsync(async () => await Keys.ListAuditEventsAsync(new() { After = "+" }), StatusCode.InvalidArgument)));
    }

    [RedisFact]
    public async Task Log_MoreThanItsBound_LosesTheOldest()
    {
        var log = new AuditLog(service.Redis.Connect(), Microsoft.Extensions.Options.Options.Create(new AccessOptions { AuditEntries = 10 }), TimeProvider.System);
        var caller = new Caller("full", "key-x", Role.Admin);

        // Redis drops whole nodes of its tree, 100 entries each.
        for (var i = 0; i < 500; i++) await log.WriteAsync(caller, "act", $"{i}", "OK");

        var left = await log.ListAsync("full", "", 1000);
        Assert.InRange(left.Length, 10, 210);
        Assert.Equal("499", left[0].Target);
    }

    [Theory]
    [InlineData("plain-ü", "plain-ü")]
    [InlineData("a\nb\t\0", @"a\u000ab\u0009\u0000")]
    [InlineData("\u2028\u202e\u009b", @"\u2028\u202e\u009b")]
    [InlineData(@"\u000a", @"\u005cu000a")]
    public void Plain_AnyText_IsOneVisibleLine(string text, string expected) => Assert.Equal(expected, AuditLog.Plain(text));

}
