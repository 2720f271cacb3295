using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>API keys, limits and the audit log; for admins.</summary>
public sealed class KeysClient
{
    private readonly KeyService.KeyServiceClient _keys;
    private readonly CallPolicy _policy;

    internal KeysClient(KeyService.KeyServiceClient keys, CallPolicy policy) => (_keys, _policy) = (keys, policy);

    /// <summary>Makes a key. Its secret is in this answer and nowhere else. A call whose answer was lost is not repeated: it may have made a key.</summary>
    public Task<CreateKeyResponse> CreateAsync(CreateKeyRequest request, CancellationToken cancellation = default) =>
        CallPolicy.OnceAsync(async () => await _keys.CreateKeyAsync(request, _policy.Call(_policy.Options.Timeout, cancellation)));

    /// <summary>The tenant's keys, newest first; the caller's tenant where none is named.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(string tenant = "", CancellationToken cancellation = default) =>
        (await _policy.AskAsync(options => _keys.ListKeysAsync(new() { Tenant = tenant }, options), cancellation)).Keys;

    public Task<ApiKey> RevokeAsync(string keyId, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _keys.RevokeKeyAsync(new() { KeyId = keyId }, options), cancellation);

    public Task<TenantLimits> GetLimitsAsync(string tenant = "", CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _keys.GetLimitsAsync(new() { Tenant = tenant }, options), cancellation);

    /// <summary>Changes the limits that are given; the others keep their value.</summary>
    public Task<TenantLimits> SetLimitsAsync(TenantLimits limits, CancellationToken cancellation = default) =>
        _policy.AskAsync(options => _keys.SetLimitsAsync(new() { Limits = limits }, options), cancellation);

    /// <summary>Who changed what, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<AuditEvent> ListAuditEventsAsync(string tenant = "", CancellationToken cancellation = default) => Pages.AllAsync(
        async after => await _policy.AskAsync(options => _keys.ListAuditEventsAsync(new() { Tenant = tenant, After = after }, options), cancellation),
        page => page.Events, page => page.HasMore, happened => happened.Id);
}
