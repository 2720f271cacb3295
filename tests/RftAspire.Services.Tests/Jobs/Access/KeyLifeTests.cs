using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Access;

public sealed class KeyLifeTests(KeyLifeTests.WithClock service) : IClassFixture<KeyLifeTests.WithClock>
{
    private KeyService.KeyServiceClient Keys => service.Keys();

    [RedisFact]
    public async Task CreateKey_ToRevocation_CountsWhileItIsInForce()
    {
        var made = await Keys.CreateKeyAsync(new() { Name = "laptop", Role = Role.Viewer });
        using var channel = service.Channel(made.Secret);
        var jobs = new JobService.JobServiceClient(channel);

        await jobs.ListJobsAsync(new());
        Assert.Matches("^sk-rft-[0-9A-Za-z]{43}$", made.Secret);
        Assert.Equal(("laptop", "default", Role.Viewer, made.Secret[^4..]), (made.Key.Name, made.Key.Tenant, made.Key.Role, made.Key.Hint));
        Assert.Equal(made.Key, (await Keys.ListKeysAsync(new())).Keys.Single(key => key.Id == made.Key.Id));

        var revoked = await Keys.RevokeKeyAsync(new() { KeyId = made.Key.Id });
        await FailsAsync(async () => await jobs.ListJobsAsync(new()), StatusCode.Unauthenticated);
        Assert.NotNull(revoked.RevokedAt);
        Assert.Equal(revoked, await Keys.RevokeKeyAsync(new() { KeyId = made.Key.Id }));
    }

    [RedisFact]
    public async Task CreateKey_WithALife_EndsToTheMillisecond()
    {
        var made = await Keys.CreateKeyAsync(new() { Name = "short", Role = Role.Viewer, ExpiresAfterSeconds = 3600 });
        var (store, clock) = (service.Services.GetRequiredService<KeyStore>(), new StoppedClock());
        clock.Now = made.Key.ExpiresAt.ToDateTimeOffset();
        var late = new KeyStore(service.Redis.Connect(), clock);

        Assert.NotNull(await store.FindInForceAsync(made.Secret));
        Assert.Null(await late.FindInForceAsync(made.Secret));
        clock.Now -= TimeSpan.FromMilliseconds(1);
        Assert.NotNull(await late.FindInForceAsync(made.Secret));
    }

    [RedisFact]
    public async Task Call_KeyThatRunsOut_IsRefusedFromThenOn()
    {
        using var channel = service.Channel((await Keys.CreateKeyAsync(new() { Name = "short", Role = Role.Viewer, ExpiresAfterSeconds = 3600 })).Secret);
        var jobs = new JobService.JobServiceClient(channel);

        await jobs.ListJobsAsync(new());
        service.Clock.Offset = TimeSpan.FromHours(2);
        await FailsAsync(async () => await jobs.ListJobsAsync(new()), StatusCode.Unauthenticated);
        service.Clock.Offset = TimeSpan.Zero;
    }

    [RedisFact]
    public async Task Watch_KeyIsRevokedMeanwhile_EndsTheStream()
    {
        var made = await Keys.CreateKeyAsync(new() { Name = "watcher", Role = Role.Viewer });
        using var channel = service.Channel(made.Secret);
        var job = await service.Client.CreateJobAsync(await service.RequestAsync());
        using var call = new JobService.JobServiceClient(channel).WatchJob(new() { JobId = job.Id });
        Assert.True(await call.ResponseStream.MoveNext(default));

        await Keys.RevokeKeyAsync(new() { KeyId = made.Key.Id });

        await FailsAsync(async () => { while (await call.ResponseStream.MoveNext(default)) { } }, StatusCode.Unauthenticated);
    }

    public static TheoryData<CreateKeyRequest, string[]> Faulty() => new()
    {
        { new(), ["name", "role"] },
        { new() { Name = new string('n', 65), Role = Role.User }, ["name"] },
        { new() { Name = "two\nlines", Role = Role.User }, ["name"] },
        { new() { Name = "n", Role = (Role)9 }, ["role"] },
        { new() { Name = "n", Role = Role.User, Tenant = "Acme" }, ["tenant"] },
        { new() { Name = "n", Role = Role.User, Tenant = new string('t', 33), ExpiresAfterSeconds = -1 }, ["tenant", "expires_after_seconds"] },
        { new() { Name = "n", Role = Role.User, ExpiresAfterSeconds = long.MaxValue }, ["expires_after_seconds"] },
    };

    [RedisTheory, MemberData(nameof(Faulty))]
    public async Task CreateKey_FaultyFields_NamesThemAll(CreateKeyRequest request, string[] fields) =>
        Assert.Equal(fields, Fields(await FailsAsync(async () => await Keys.CreateKeyAsync(request), StatusCode.InvalidArgument)));

    [RedisFact]
    public async Task ListKeys_OfATenant_NewestFirstAndNoneOfOthers()
    {
        foreach (var name in (string[])["first", "second"])
        {
            await Keys.CreateKeyAsync(new() { Name = name, Role = Role.User, Tenant = "in-order" });
            service.Clock.Offset += TimeSpan.FromSeconds(1);
        }

        Assert.Equal(["second", "first"], (await Keys.ListKeysAsync(new() { Tenant = "in-order" })).Keys.Select(key => key.Name));
    }

    [RedisFact]
    public async Task Admin_OfATenant_ManagesItAlone()
    {
        using var channel = await service.ChannelOfAsync("acme");
        var acme = new KeyService.KeyServiceClient(channel);
        var ours = (await Keys.ListKeysAsync(new())).Keys[0].Id;

        Assert.Equal("acme", (await acme.CreateKeyAsync(new() { Name = "mine", Role = Role.Admin })).Key.Tenant);
        await FailsAsync(async () => await acme.CreateKeyAsync(new() { Name = "n", Role = Role.User, Tenant = "default" }), StatusCode.PermissionDenied);
        await FailsAsync(async () => await acme.ListKeysAsync(new() { Tenant = "default" }), StatusCode.PermissionDenied);
        await FailsAsync(async () => await acme.ListAuditEventsAsync(new() { Tenant = "default" }), StatusCode.PermissionDenied);
        await FailsAsync(async () => await acme.SetLimitsAsync(new() { Limits = new() { RequestsPerSecond = 0 } }), StatusCode.PermissionDenied);
        var foreign = await FailsAsync(async () => await acme.RevokeKeyAsync(new() { KeyId = ours }), StatusCode.NotFound);
        var unknown = await FailsAsync(async () => await acme.RevokeKeyAsync(new() { KeyId = "key-none" }), StatusCode.NotFound);
        Assert.Equal(unknown.Status.Detail.Replace("key-none", ours, StringComparison.Ordinal), foreign.Status.Detail);
    }

    public sealed class WithClock : JobsUnderTest
    {
        internal ShiftedClock Clock { get; } = new();

        protected override void Replace(IServiceCollection services) => services.AddSingleton<TimeProvider>(Clock);
    }

    private sealed class StoppedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

public sealed class LastAdminTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task RevokeKey_OnlyAdminInForce_IsKeptUntilThereIsAnother()
    {
        var keys = service.Keys();
        var first = (await keys.ListKeysAsync(new())).Keys.Single();
        await service.NewKeyAsync(Role.User);
        await service.NewKeyAsync(Role.Admin, "acme");

        var error = await FailsAsync(async () => await keys.RevokeKeyAsync(new() { KeyId = first.Id }), StatusCode.FailedPrecondition);
        Assert.Contains(first.Id, error.Status.Detail, StringComparison.Ordinal);

        using var channel = await service.ChannelOfAsync("default");
        await keys.RevokeKeyAsync(new() { KeyId = first.Id });
        await FailsAsync(async () => await keys.ListKeysAsync(new()), StatusCode.Unauthenticated);
        Assert.Equal(3, (await new KeyService.KeyServiceClient(channel).ListKeysAsync(new())).Keys.Count);
    }
}
