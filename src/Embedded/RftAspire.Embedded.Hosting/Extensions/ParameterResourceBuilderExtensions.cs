using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Parameters and connection strings as resources.</summary>
public static class ParameterResourceBuilderExtensions
{
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddParameter(name, (ParameterDefault?)null, secret, persist: false);

    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, _ => Configured(builder, name) ?? value, secret));

    /// <summary>A parameter with a default; a persisted default is generated once and kept in the data directory.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault? value, bool secret = false, bool persist = false) =>
        builder.AddResource(CreateParameter(builder, name, value, secret, persist));

    /// <summary>A connection string that configuration holds as ConnectionStrings:name.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null)
    {
        var value = new ParameterResource(name, _ => builder.Configuration.GetConnectionString(name) ?? throw new DistributedApplicationException(
            $"Connection string '{name}' is missing: set ConnectionStrings:{name} (environment ConnectionStrings__{name})."), secret: true);
        return builder.AddResource(new ConnectionStringResource(name, ReferenceExpression.Create($"{value}"))
        {
            ConnectionStringEnvironmentVariable = environmentVariableName,
        });
    }

    public static IResourceBuilder<ConnectionStringResource> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, ReferenceExpression connectionStringExpression) =>
        builder.AddResource(new ConnectionStringResource(name, connectionStringExpression));

    internal static ParameterResource CreateParameter(
        IDistributedApplicationBuilder builder, string name, ParameterDefault? value, bool secret, bool persist) =>
        new(name, chosen => Configured(builder, name) ?? Default(builder, name, chosen, persist), secret) { Default = value };

    private static string Default(IDistributedApplicationBuilder builder, string name, ParameterDefault? value, bool persist)
    {
        if (value is null)
            throw new DistributedApplicationException($"Parameter '{name}' has no value: set Parameters:{name} (environment Parameters__{name.Replace('-', '_')}).");
        return persist
            ? DataDirectory.Of(builder.Configuration, builder.AppHostDirectory).Secret(name, value.GetDefaultValue)
            : value.GetDefaultValue();
    }

    private static string? Configured(IDistributedApplicationBuilder builder, string name) =>
        builder.Configuration[$"Parameters:{name}"] ?? builder.Configuration[$"Parameters:{name.Replace('-', '_')}"];
}
