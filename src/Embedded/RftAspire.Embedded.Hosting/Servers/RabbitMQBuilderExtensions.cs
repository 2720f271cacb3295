using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

/// <summary>RabbitMQ as a resource.</summary>
public static class RabbitMQBuilderExtensions
{
    /// <summary>Uses ConnectionStrings:name if configuration has it, else runs rabbitmq-server with a generated password.</summary>
    public static IResourceBuilder<RabbitMQServerResource> AddRabbitMQ(
        this IDistributedApplicationBuilder builder, string name, IResourceBuilder<ParameterResource>? userName = null,
        IResourceBuilder<ParameterResource>? password = null, int? port = null)
    {
        var checkName = $"{name}_check";
        var external = builder.Configuration.GetConnectionString(name);
        var resource = external is null
            ? new RabbitMQServerResource(name, userName?.Resource, password?.Resource ?? GeneratedPassword(builder, name))
            : new RabbitMQServerResource(name, Literal(name, AmqpAddress.Parse(external).Password), external);
        builder.Services.AddHealthChecks().AddTypeActivatedCheck<RabbitMQHealthCheck>(checkName, resource);
        var added = builder.AddResource(resource).WithHealthCheck(checkName);
        return external is not null ? added : added
            .WithEndpoint(port: port, scheme: "amqp", name: RabbitMQServerResource.PrimaryEndpointName)
            .WithEndpoint(RabbitMQServerResource.PrimaryEndpointName, endpoint => endpoint.TargetHost = "127.0.0.1")
            .WithAnnotation(new ProcessAnnotation(context => RabbitMQProcess.Describe(resource, context))
            {
                FindObstacle = RabbitMQProcess.FindObstacle,
                KeepsData = true,
            });
    }

    /// <summary>Data is kept in any case: this host has no volumes, but a folder per server.</summary>
    public static IResourceBuilder<RabbitMQServerResource> WithDataVolume(
        this IResourceBuilder<RabbitMQServerResource> builder, string? name = null, bool isReadOnly = false) => builder;

    internal static ParameterResource GeneratedPassword(IDistributedApplicationBuilder builder, string name) =>
        ParameterResourceBuilderExtensions.CreateParameter(
            builder, $"{name}-password", new GenerateParameterDefault { Special = false }, secret: true, persist: true);

    internal static ParameterResource Literal(string name, string value) => new($"{name}-password", _ => value, secret: true);
}

/// <summary>Redis as a resource.</summary>
public static class RedisBuilderExtensions
{
    /// <summary>Uses ConnectionStrings:name if configuration has it, else runs redis-server with a generated password.</summary>
    public static IResourceBuilder<RedisResource> AddRedis(
        this IDistributedApplicationBuilder builder, string name, int? port = null, IResourceBuilder<ParameterResource>? password = null)
    {
        var checkName = $"{name}_check";
        var external = builder.Configuration.GetConnectionString(name);
        var secret = external is not null
            ? RabbitMQBuilderExtensions.Literal(name, RedisAddress.Parse(external).Password)
            : password?.Resource ?? RabbitMQBuilderExtensions.GeneratedPassword(builder, name);
        var resource = new RedisResource(name, secret, external);
        builder.Services.AddHealthChecks().AddTypeActivatedCheck<RedisHealthCheck>(checkName, resource);
        var added = builder.AddResource(resource).WithHealthCheck(checkName);
        return external is not null ? added : added
            .WithEndpoint(port: port, scheme: "redis", name: RedisResource.PrimaryEndpointName)
            .WithEndpoint(RedisResource.PrimaryEndpointName, endpoint => endpoint.TargetHost = "127.0.0.1")
            .WithAnnotation(new ProcessAnnotation(context => RedisProcess.Describe(resource, context))
            {
                FindObstacle = RedisProcess.FindObstacle,
                KeepsData = true,
            });
    }

    /// <summary>Data is kept in any case: this host has no volumes, but a folder per server.</summary>
    public static IResourceBuilder<RedisResource> WithDataVolume(
        this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false) => builder;
}
