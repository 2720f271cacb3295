using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Access;

/// <summary>Who calls: the tenant whose things it sees, the key it showed, and what that key may do.</summary>
/// <param name="Tenant">Lower-case letters, digits and hyphens; part of the names of tuned models.</param>
/// <param name="KeyId">The key's id, never its secret.</param>
/// <param name="Role">What it may do.</param>
public sealed record Caller(string Tenant, string KeyId, Role Role)
{
    /// <summary>The tenant of a platform that has only one, and of whoever runs it.</summary>
    public const string DefaultTenant = "default";
}

/// <summary>The caller of a request.</summary>
public static class CallerExtensions
{
    private static readonly Caller s_local = new(Caller.DefaultTenant, "key-local", Role.Admin);

    public static Caller GetCaller(this HttpContext http) => http.Features.Get<Caller>() ?? s_local;

    public static Caller GetCaller(this ServerCallContext context) => context.GetHttpContext().GetCaller();
}
