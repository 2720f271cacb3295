using MassTransit;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Microsoft.Extensions.Hosting;

/// <summary>The parts of <c>ConnectionStrings:messaging</c>, <c>amqp://user:password@host:port/virtualhost</c>.</summary>
internal sealed record BrokerAddress(string Host, ushort Port, string VirtualHost, string User, string Password)
{
    public const string Setting = "ConnectionStrings:messaging";

    public static BrokerAddress Read(IConfiguration configuration) =>
        Parse(configuration[Setting] is { Length: > 0 } text ? text : "amqp://guest:guest@localhost:5672");

    public static BrokerAddress Parse(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Scheme != "amqp" || uri.Host.Length == 0)
            throw new InvalidOperationException($"{Setting} is no broker address; write amqp://user:password@host:port");
        var login = uri.UserInfo.Split(':', 2);
        return new BrokerAddress(
            uri.Host,
            (ushort)(uri.Port > 0 ? uri.Port : 5672),
            uri.AbsolutePath.Length > 1 ? Uri.UnescapeDataString(uri.AbsolutePath[1..]) : "/",
            login[0].Length > 0 ? Uri.UnescapeDataString(login[0]) : "guest",
            login.Length > 1 ? Uri.UnescapeDataString(login[1]) : "guest");
    }

    public override string ToString() => $"{Host}:{Port}";
}

/// <summary>Says once when the broker cannot be reached and once when it is back.</summary>
internal sealed partial class BrokerWatch(BrokerAddress broker, ILogger<BrokerWatch> logger) : IReceiveEndpointObserver
{
    private int _down;

    public Task Faulted(ReceiveEndpointFaulted faulted)
    {
        if (Interlocked.Exchange(ref _down, 1) == 0)
            LogDown(broker.Host, broker.Port, faulted.Exception?.GetBaseException().Message ?? "no reason given", BrokerAddress.Setting);
        return Task.CompletedTask;
    }

    public Task Ready(ReceiveEndpointReady ready)
    {
        if (Interlocked.Exchange(ref _down, 0) == 1) LogBack(broker.Host, broker.Port);
        return Task.CompletedTask;
    }

    public Task Stopping(ReceiveEndpointStopping stopping) => Task.CompletedTask;

    public Task Completed(ReceiveEndpointCompleted completed) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Error, Message = "RabbitMQ at {Host}:{Port} cannot be used: {Reason}. Start it, or set {Setting} to another one; trying on")]
    private partial void LogDown(string host, int port, string reason, string setting);

    [LoggerMessage(Level = LogLevel.Information, Message = "RabbitMQ at {Host}:{Port} is connected")]
    private partial void LogBack(string host, int port);
}
