using Aspire.Hosting.Orchestration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A Redis server: a private child process, or the one that ConnectionStrings:name points to.</summary>
public class RedisResource : Resource, IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport,
    IResourceWithConnectionString, IHoldsSecrets
{
    internal const string PrimaryEndpointName = "tcp";
    private readonly ReferenceExpression? external;

    internal RedisResource(string name, ParameterResource password, string? external) : base(name)
    {
        PasswordParameter = password;
        PrimaryEndpoint = new(this, PrimaryEndpointName);
        if (external is not null) this.external = ReferenceExpression.Create($"{external}");
    }

    public EndpointReference PrimaryEndpoint { get; }
    public ParameterResource? PasswordParameter { get; }

    public ReferenceExpression ConnectionStringExpression => external
        ?? ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},password={PasswordParameter!}");

    public ReferenceExpression UriExpression =>
        ReferenceExpression.Create($"redis://:{PasswordParameter!:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

    IEnumerable<string> IHoldsSecrets.Secrets => [PasswordParameter!.GetValueAsync().AsTask().GetAwaiter().GetResult() ?? ""];

    /// <summary>The parts of the address; a foreign connection string has too many forms to be taken apart.</summary>
    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => external is not null ? [] :
    [
        new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}")),
        new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
        new("Password", ReferenceExpression.Create($"{PasswordParameter!}")),
        new("Uri", UriExpression),
    ];
}
