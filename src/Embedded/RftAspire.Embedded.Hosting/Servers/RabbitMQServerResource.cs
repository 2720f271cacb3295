using Aspire.Hosting.Orchestration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>A RabbitMQ server: a private child process, or the one that ConnectionStrings:name points to.</summary>
public class RabbitMQServerResource : Resource, IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport,
    IResourceWithConnectionString, IHoldsSecrets
{
    internal const string PrimaryEndpointName = "tcp";
    private const string DefaultUserName = "guest";
    private readonly ReferenceExpression? external;

    public RabbitMQServerResource(string name, ParameterResource? userName, ParameterResource password) : base(name)
    {
        UserNameParameter = userName;
        PasswordParameter = password;
        PrimaryEndpoint = new(this, PrimaryEndpointName);
    }

    internal RabbitMQServerResource(string name, ParameterResource password, string external) : this(name, null, password)
    {
        this.external = ReferenceExpression.Create($"{external}");
        ExternalAddress = external;
    }

    public EndpointReference PrimaryEndpoint { get; }
    public ParameterResource? UserNameParameter { get; }
    public ParameterResource PasswordParameter { get; }

    public ReferenceExpression UserNameReference => UserNameParameter is { } name
        ? ReferenceExpression.Create($"{name}")
        : ReferenceExpression.Create($"{DefaultUserName}");

    public ReferenceExpression ConnectionStringExpression => external ?? UriExpression;

    public ReferenceExpression UriExpression => external ?? (UserNameParameter is { } name
        ? ReferenceExpression.Create($"amqp://{name:uri}:{PasswordParameter:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}")
        : ReferenceExpression.Create($"amqp://{DefaultUserName}:{PasswordParameter:uri}@{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}"));

    internal string? ExternalAddress { get; }

    IEnumerable<string> IHoldsSecrets.Secrets => [PasswordParameter.GetValueAsync().AsTask().GetAwaiter().GetResult() ?? ""];

    public IEnumerable<KeyValuePair<string, ReferenceExpression>> GetConnectionProperties() => external is null ? LocalProperties() : ExternalProperties();

    private IEnumerable<KeyValuePair<string, ReferenceExpression>> LocalProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Host)}")),
        new("Port", ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Port)}")),
        new("Username", UserNameReference),
        new("Password", ReferenceExpression.Create($"{PasswordParameter}")),
        new("Uri", UriExpression),
    ];

    private IEnumerable<KeyValuePair<string, ReferenceExpression>> ExternalProperties()
    {
        var address = AmqpAddress.Parse(ExternalAddress!);
        return
        [
            new("Host", ReferenceExpression.Create($"{address.Host}")),
            new("Port", ReferenceExpression.Create($"{address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture)}")),
            new("Username", ReferenceExpression.Create($"{address.User}")),
            new("Password", ReferenceExpression.Create($"{address.Password}")),
            new("Uri", UriExpression),
        ];
    }
}
