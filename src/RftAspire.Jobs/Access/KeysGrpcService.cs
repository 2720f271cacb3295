using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Access;

/// <summary>The gRPC face of keys, limits and the audit log.</summary>
public sealed class KeysGrpcService(ManageKeys manage) : KeyService.KeyServiceBase
{
    [Needs(Role.Admin)]
    public override Task<CreateKeyResponse> CreateKey(CreateKeyRequest request, ServerCallContext context) =>
        Faults.Serve(() => manage.CreateAsync(context.GetCaller(), request));

    [Needs(Role.Admin, Reads = true)]
    public override Task<ListKeysResponse> ListKeys(ListKeysRequest request, ServerCallContext context) =>
        Faults.Serve(() => manage.ListAsync(context.GetCaller(), request));

    [Needs(Role.Admin)]
    public override Task<ApiKey> RevokeKey(RevokeKeyRequest request, ServerCallContext context) =>
        Faults.Serve(() => manage.RevokeAsync(context.GetCaller(), request));

    [Needs(Role.Admin, Reads = true)]
    public override Task<TenantLimits> GetLimits(GetLimitsRequest request, ServerCallContext context) =>
        Faults.Serve(() => manage.GetLimitsAsync(context.GetCaller(), request));

    [Needs(Role.Admin)]
    public override Task<TenantLimits> SetLimits(SetLimitsRequest request, ServerCallContext context) =>
        Faults.Serve(() => manage.SetLimitsAsync(context.GetCaller(), request));

    [Needs(Role.Admin, Reads = true)]
    public override Task<ListAuditEventsResponse> ListAuditEvents(ListAuditEventsRequest request, ServerCallContext context) =>
        Faults.Serve(() => manage.ListAuditAsync(context.GetCaller(), request));
}
