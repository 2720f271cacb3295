using System.Security.Claims;
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

    /// <summary>What this call is done to, for the audit log; a use case that changes something says so as soon as it knows.</summary>
    public string Target { get; set; } = "";
}

/// <summary>A caller whose key was found in force, as ASP.NET Core carries it, with the limits of its tenant.</summary>
public sealed class CallerIdentity(Caller caller, TenantLimits limits) : ClaimsIdentity(KeyAuthentication.SchemeName)
{
    public Caller Caller { get; } = caller;

    public TenantLimits Limits { get; } = limits;
}

/// <summary>The caller of a request.</summary>
public static class CallerExtensions
{
    public static Caller GetCaller(this HttpContext http) => http.FindCaller()?.Caller
        ?? throw new InvalidOperationException($"{http.Request.Path} was reached without a key: its endpoint must not be anonymous");

    public static Caller GetCaller(this ServerCallContext context) => context.GetHttpContext().GetCaller();

    internal static CallerIdentity? FindCaller(this HttpContext http) => http.User.Identity as CallerIdentity;
}
