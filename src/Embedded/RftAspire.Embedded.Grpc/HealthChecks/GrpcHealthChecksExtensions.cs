using Microsoft.AspNetCore.Routing;
using RftAspire.Embedded.Grpc.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registration of <c>grpc.health.v1</c>.</summary>
    public static class GrpcHealthChecksServiceExtensions
    {
        public static IHealthChecksBuilder AddGrpcHealthChecks(this IServiceCollection services)
        {
            ArgumentNullException.ThrowIfNull(services);
            return services.AddHealthChecks();
        }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>Routing of <c>grpc.health.v1</c>.</summary>
    public static class GrpcHealthChecksEndpointRouteBuilderExtensions
    {
        public static GrpcServiceEndpointConventionBuilder MapGrpcHealthChecksService(this IEndpointRouteBuilder builder) =>
            builder.MapGrpcService<HealthCalls>();
    }
}
