using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;
using RftAspire.Embedded.Grpc.Reflection;

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registration of server reflection.</summary>
    public static class GrpcReflectionServiceExtensions
    {
        public static IServiceCollection AddGrpcReflection(this IServiceCollection services)
        {
            ArgumentNullException.ThrowIfNull(services);
            services.TryAddSingleton<ServedFiles>();
            return services;
        }
    }
}

namespace Microsoft.AspNetCore.Builder
{
    /// <summary>Routing of server reflection.</summary>
    public static class GrpcReflectionEndpointRouteBuilderExtensions
    {
        /// <summary>Serves <c>grpc.reflection.v1</c>, and <c>v1alpha</c> for clients that know no other.</summary>
        public static GrpcServiceEndpointConventionBuilder MapGrpcReflectionService(this IEndpointRouteBuilder builder) =>
            new([builder.MapGrpcService<ReflectionCalls>(), builder.MapGrpcService<AlphaReflectionCalls>()]);
    }
}
