using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Client;

/// <summary>API keys, limits and the audit log; for admins: other keys get a <see cref="PermissionDeniedException"/>.</summary>
public sealed class KeysClient
{
    private readonly KeyService.KeyServiceClient _keys;
    private readonly CallPolicy _policy;

    internal KeysClient(KeyService.KeyServiceClient keys, CallPolicy policy) => (_keys, _policy) = (keys, policy);

    /// <summary>Makes a key. Its secret is in this answer and nowhere else. A call whose answer was lost is not repeated: it may have made a key.</summary>
    public Task<CreateKeyResponse> CreateAsync(CreateKeyRequest request, CancellationToken cancellationToken = default) =>
        _policy.TellAsync(async options => await _keys.CreateKeyAsync(request, options), cancellationToken);

    /// <summary>The tenant's keys, newest first; the caller's tenant where none is named.</summary>
    public IAsyncEnumerable<ApiKey> ListAsync(string tenant = "", CancellationToken cancellationToken = default) => Pages.OneAsync(
        stop => _policy.AskAsync(options => _keys.ListKeysAsync(new() { Tenant = tenant }, options), stop), list => list.Keys, cancellationToken);

    /// <summary>Ends a key at once; one that is revoked already stays so.</summary>
    /// <exception cref="WrongStateException">It is the only admin key in force of the tenant <c>default</c>.</exception>
    public Task<ApiKey> RevokeAsync(string keyId, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _keys.RevokeKeyAsync(new() { KeyId = keyId }, options), cancellationToken);

    /// <summary>The tenant's limits; 0 stands for none.</summary>
    public Task<TenantLimits> GetLimitsAsync(string tenant = "", CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _keys.GetLimitsAsync(new() { Tenant = tenant }, options), cancellationToken);

    /// <summary>Changes the limits that are given; the others keep their value.</summary>
    /// <exception cref="PermissionDeniedException">The key is no admin's of the tenant <c>default</c>.</exception>
    public Task<TenantLimits> SetLimitsAsync(TenantLimits limits, CancellationToken cancellationToken = default) =>
        _policy.AskAsync(options => _keys.SetLimitsAsync(new() { Limits = limits }, options), cancellationToken);

    /// <summary>Who changed what, newest first; pages are fetched as they are needed.</summary>
    public IAsyncEnumerable<AuditEvent> ListAuditEventsAsync(string tenant = "", CancellationToken cancellationToken = default) => Pages.AllAsync(
        "",
        (after, stop) => _policy.AskAsync(options => _keys.ListAuditEventsAsync(new() { Tenant = tenant, After = after }, options), stop),
        page => page.Events, page => page.HasMore, happened => happened.Id, cancellationToken);
}
