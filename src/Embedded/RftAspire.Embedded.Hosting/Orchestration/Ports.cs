using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Orchestration;

/// <summary>Finds loopback ports for endpoints, and checks those that are fixed.</summary>
internal sealed class Ports(IConfiguration configuration)
{
    // Below the range that the kernel gives to outgoing connections, which could otherwise take a port before its owner listens.
    private const int First = 20_000, Last = 32_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);
    private static readonly HashSet<int> Given = [];

    private readonly bool randomize = configuration.GetValue("DcpPublisher:RandomizePorts", false);

    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            lock (Given)
            {
                if (IsFree(port) && Given.Add(port)) return port;
            }
        }
    }

    /// <summary>Without a proxy the process listens on the public port itself, so either number fixes both.</summary>
    public async Task AllocateAsync(IResource resource, int replicas)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            var wanted = endpoint.TargetPort ?? (randomize ? null : endpoint.Port);
            if (wanted is not null && replicas > 1)
                throw new DistributedApplicationException(
                    $"Resource '{resource.Name}' has {replicas} replicas and the fixed port {wanted} for endpoint '{endpoint.Name}': remove the port or the replicas.");
            if (wanted is { } port) await RequireAsync(port, $"Resource '{resource.Name}', endpoint '{endpoint.Name}'");
            endpoint.Instances.Clear();
            for (var i = 0; i < replicas; i++) endpoint.Instances.Add(new(endpoint.UriScheme, endpoint.TargetHost, wanted ?? Free()));
        }
    }

    /// <summary>Waits a little for a fixed port, as a host killed a moment ago is still being cleaned up.</summary>
    public async Task RequireAsync(int port, string user)
    {
        for (var waited = TimeSpan.Zero; !IsFree(port); waited += TimeSpan.FromSeconds(0.25))
        {
            if (waited >= Patience)
                throw new DistributedApplicationException($"{user}: port {port} is taken by another process. Free it, or set {SettingOf(port)} to another port.");
            await Task.Delay(TimeSpan.FromSeconds(0.25));
        }
    }

    public static bool IsFree(int port) => CanListen(IPAddress.Loopback, port) && CanListen(IPAddress.IPv6Loopback, port);

    private static bool CanListen(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException failure)
        {
            return failure.SocketErrorCode == SocketError.AddressNotAvailable;
        }
    }

    private string SettingOf(int port)
    {
        var text = port.ToString(CultureInfo.InvariantCulture);
        var key = configuration.AsEnumerable().Where(pair => pair.Value == text || pair.Value?.EndsWith($":{text}", StringComparison.Ordinal) == true)
            .Select(pair => pair.Key).Order(StringComparer.Ordinal).FirstOrDefault();
        return key is null ? "the endpoint's port in the AppHost" : $"--{key}=...";
    }
}
