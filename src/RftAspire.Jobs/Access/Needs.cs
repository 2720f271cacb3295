using Microsoft.AspNetCore.Authorization;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Access;

/// <summary>The least role that may call an endpoint: on a gRPC method, or on a route through <c>.Needs(role)</c>.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsAttribute(Role role) : AuthorizeAttribute, IAuthorizationRequirement, IAuthorizationRequirementData
{
    public Role Role { get; } = role;

    /// <summary>Whether the call leaves everything as it is, and so stays out of the audit log. What viewers may call always does.</summary>
    public bool Reads { get; init; } = role == Role.Viewer;

    public IEnumerable<IAuthorizationRequirement> GetRequirements() => [this];
}

/// <summary>A role includes those below it.</summary>
public sealed class RoleRule : AuthorizationHandler<NeedsAttribute>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, NeedsAttribute requirement)
    {
        if (context.User.Identity is CallerIdentity identity && identity.Caller.Role >= requirement.Role) context.Succeed(requirement);
        return Task.CompletedTask;
    }
}

/// <summary>States the role that a route needs.</summary>
public static class NeedsExtensions
{
    /// <param name="builder">The route.</param>
    /// <param name="role">The least role that may call it.</param>
    /// <param name="reads">Set for a call that changes nothing although it needs more than a viewer.</param>
    public static TBuilder Needs<TBuilder>(this TBuilder builder, Role role, bool reads = false) where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new NeedsAttribute(role) { Reads = reads || role == Role.Viewer });
}
