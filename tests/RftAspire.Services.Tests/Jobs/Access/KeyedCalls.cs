using Grpc.Net.Client;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Jobs.Access;

/// <summary>Calls with keys of all kinds.</summary>
internal static class KeyedCalls
{
    public static KeyService.KeyServiceClient Keys(this JobsUnderTest service) => new(service.AdminChannel);

    /// <summary>A new key's secret.</summary>
    public static async Task<string> NewKeyAsync(this JobsUnderTest service, Role role, string tenant = "") =>
        (await service.Keys().CreateKeyAsync(new() { Name = "test", Role = role, Tenant = tenant })).Secret;

    /// <summary>A way to the service for an admin of another tenant.</summary>
    public static async Task<GrpcChannel> ChannelOfAsync(this JobsUnderTest service, string tenant, Role role = Role.Admin) =>
        service.Channel(await service.NewKeyAsync(role, tenant));
}

/// <summary>The real time and an offset that a test sets.</summary>
internal sealed class ShiftedClock : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;
}
