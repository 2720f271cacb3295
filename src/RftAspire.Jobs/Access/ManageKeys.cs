using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Access;

/// <summary>KeyService's use cases: an admin manages its own tenant, one of the operator's tenant all of them.</summary>
public sealed partial class ManageKeys(KeyStore keys, LimitStore limits, AuditLog audit, TimeProvider clock)
{
    private const int LongestName = 64;
    private const long LongestLife = 100L * 365 * 24 * 3600;
    private const int DefaultPage = 100;
    private const int LargestPage = 1000;

    public async Task<CreateKeyResponse> CreateAsync(Caller caller, CreateKeyRequest request)
    {
        Check(request);
        // As the store keeps it.
        var now = DateTimeOffset.FromUnixTimeMilliseconds(clock.GetUtcNow().ToUnixTimeMilliseconds());
        var key = new ApiKey
        {
            Name = request.Name,
            Tenant = Tenant(caller, request.Tenant),
            Role = request.Role,
            CreatedAt = now.ToTimestamp(),
            ExpiresAt = request.ExpiresAfterSeconds == 0 ? null : now.AddSeconds(request.ExpiresAfterSeconds).ToTimestamp(),
        };
        var secret = KeySecret.New();
        await keys.AddAsync(key, secret);
        caller.Target = key.Id;
        return new CreateKeyResponse { Key = key, Secret = secret };
    }

    public async Task<ListKeysResponse> ListAsync(Caller caller, ListKeysRequest request) =>
        new() { Keys = { await keys.ListAsync(Tenant(caller, request.Tenant)) } };

    public async Task<ApiKey> RevokeAsync(Caller caller, RevokeKeyRequest request)
    {
        caller.Target = request.KeyId;
        var known = await (caller.Tenant == Caller.DefaultTenant ? keys.FindAsync(request.KeyId) : keys.FindAsync(caller.Tenant, request.KeyId))
            ?? throw NoSuchKey(request.KeyId);
        return await keys.RevokeAsync(known.Id) switch
        {
            Revocation.Revoked => (await keys.FindAsync(known.Id))!,
            Revocation.LastAdmin => throw new RpcException(new Status(
                StatusCode.FailedPrecondition,
                $"key '{known.Id}' is the only admin of tenant {Caller.DefaultTenant} in force, and without it nobody could manage the platform; make another one first")),
            _ => throw NoSuchKey(request.KeyId),
        };
    }

    public async Task<TenantLimits> GetLimitsAsync(Caller caller, GetLimitsRequest request) =>
        await limits.ForAsync(Tenant(caller, request.Tenant));

    public async Task<TenantLimits> SetLimitsAsync(Caller caller, SetLimitsRequest request)
    {
        var asked = request.Limits ?? throw Faults.Invalid("limits", "missing; give the limits to change");
        Check(asked);
        // A limit that the limited may lift is none.
        if (caller.Tenant != Caller.DefaultTenant) throw Foreign($"only an admin of tenant {Caller.DefaultTenant} sets limits");
        asked.Tenant = caller.Target = Tenant(caller, asked.Tenant);
        await limits.SetAsync(asked);
        return await limits.ForAsync(asked.Tenant);
    }

    public async Task<ListAuditEventsResponse> ListAuditAsync(Caller caller, ListAuditEventsRequest request)
    {
        if (request.PageSize is < 0 or > LargestPage)
            throw Faults.Invalid("page_size", $"{request.PageSize} is out of range; 1 to {LargestPage}, or 0 for {DefaultPage}");
        if (request.After.Length > 0 && !AuditLog.IsId(request.After))
            throw Faults.Invalid("after", $"'{request.After}' is no id of an event; give the last id of the previous page");
        var size = request.PageSize == 0 ? DefaultPage : request.PageSize;
        var found = await audit.ListAsync(Tenant(caller, request.Tenant), request.After, size + 1);
        return new ListAuditEventsResponse { Events = { found.Take(size) }, HasMore = found.Length > size };
    }

    private static void Check(CreateKeyRequest request)
    {
        var faults = new List<Violation>();
        if (request.Name.Length is 0 or > LongestName || request.Name != AuditLog.Plain(request.Name))
            faults.Add(new Violation("name", $"has {request.Name.Length} characters; 1 to {LongestName}, without control characters and backslashes"));
        if (request.Role is not (Role.Viewer or Role.User or Role.Admin))
            faults.Add(new Violation("role", $"{(int)request.Role} is no role; ROLE_VIEWER, ROLE_USER or ROLE_ADMIN"));
        if (request.Tenant.Length > 0) CheckTenant("tenant", request.Tenant, faults);
        if (request.ExpiresAfterSeconds is < 0 or > LongestLife)
            faults.Add(new Violation("expires_after_seconds", $"{request.ExpiresAfterSeconds} is out of range; 1 to {LongestLife}, or 0 for a key that stays good"));
        if (faults.Count > 0) throw Faults.Invalid(faults);
    }

    private static void Check(TenantLimits asked)
    {
        var faults = new List<Violation>();
        if (asked.Tenant.Length > 0) CheckTenant("limits.tenant", asked.Tenant, faults);
        foreach (var field in TenantLimits.Descriptor.Fields.InDeclarationOrder().Where(field => field.HasPresence && field.Accessor.HasValue(asked)))
        {
            if (Convert.ToInt64(field.Accessor.GetValue(asked), null) is < 0 and var value)
                faults.Add(new Violation($"limits.{field.Name}", $"{value} is out of range; 1 or more, or 0 for no limit"));
        }
        if (faults.Count > 0) throw Faults.Invalid(faults);
    }

    private static void CheckTenant(string field, string tenant, List<Violation> faults)
    {
        if (!TenantName().IsMatch(tenant)) faults.Add(new Violation(field, $"'{tenant}' is no tenant; lower-case letters, digits and hyphens, at most 32"));
    }

    private static bool IsMine(Caller caller, string tenant) => caller.Tenant is Caller.DefaultTenant || caller.Tenant == tenant;

    private static string Tenant(Caller caller, string named)
    {
        var tenant = named.Length == 0 ? caller.Tenant : named;
        return IsMine(caller, tenant) ? tenant : throw Foreign($"an admin of tenant {caller.Tenant} manages that tenant alone; leave the tenant out");
    }

    private static RpcException Foreign(string message) => new(new Status(StatusCode.PermissionDenied, message));

    private static RpcException NoSuchKey(string id) => new(new Status(StatusCode.NotFound, $"there is no key '{id}'; list the keys to see which exist"));

    [GeneratedRegex("^[a-z0-9-]{1,32}$")]
    private static partial Regex TenantName();
}
