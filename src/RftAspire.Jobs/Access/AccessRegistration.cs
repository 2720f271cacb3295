using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Access;

/// <summary>Keys, roles, limits and the audit log, of both faces.</summary>
public static class AccessRegistration
{
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddOptions<AccessOptions>().BindConfiguration("Access").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<KeyStore>().AddSingleton<LimitStore>().AddSingleton<AuditLog>().AddSingleton<ManageKeys>().AddSingleton<JobQuota>();
        services.AddHostedService<FirstKeys>();
        services.AddAuthentication(KeyAuthentication.SchemeName)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.SchemeName, null);
        services.AddSingleton<IAuthorizationHandler, RoleRule>();
        services.AddAuthorizationBuilder().SetFallbackPolicy(
            new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireAssertion(_ => false).Build());
        services.AddRateLimiter(RequestRates.Set);
    }

    public static void UseAccess(this WebApplication app)
    {
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseMiddleware<AuditTrail>();
        app.UseAuthorization();
    }

    /// <summary>Routes of gRPC services. What a service leaves out, or no service has, viewers are told so.</summary>
    public static IEndpointRouteBuilder MapGrpcFace(this WebApplication app)
    {
        var group = app.MapGroup("");
        ((IEndpointConventionBuilder)group).Finally(endpoint =>
        {
            if (!IsImplemented(endpoint)) endpoint.Metadata.Add(new NeedsAttribute(Role.Viewer));
        });
        return group;
    }

    private static bool IsImplemented(EndpointBuilder endpoint) => endpoint.Metadata.OfType<GrpcMethodMetadata>().SingleOrDefault() is { } rpc
        && rpc.ServiceType.GetMethods().Any(method => method.Name == rpc.Method.Name && method.DeclaringType == rpc.ServiceType);
}
