using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

/// <summary>Healthy when the server lets us log in and opens the virtual host.</summary>
internal sealed class RabbitMQHealthCheck(RabbitMQServerResource server) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            var address = AmqpAddress.Parse((await server.ConnectionStringExpression.GetValueAsync(timeout.Token))!);
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, timeout.Token);
            await AmqpHandshake.RunAsync(client.GetStream(), address, timeout.Token);
            return HealthCheckResult.Healthy();
        }
        catch (Exception failure) when (failure is SocketException or IOException or InvalidOperationException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthCheckResult.Unhealthy(failure.Message);
        }
    }
}

/// <summary>The parts of an AMQP URI.</summary>
internal sealed record AmqpAddress(string Host, int Port, string User, string Password, string VirtualHost)
{
    public static AmqpAddress Parse(string uri)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("amqp" or "amqps"))
            throw new DistributedApplicationException("A RabbitMQ connection string must read amqp://user:password@host:port.");
        var user = parsed.UserInfo.Split(':', 2);
        var path = Uri.UnescapeDataString(parsed.AbsolutePath.TrimStart('/'));
        return new(parsed.Host, parsed.Port > 0 ? parsed.Port : 5672, Part(user, 0), Part(user, 1), path.Length == 0 ? "/" : path);
    }

    private static string Part(string[] user, int index) => user.Length > index && user[index].Length > 0 ? Uri.UnescapeDataString(user[index]) : "guest";
}

/// <summary>The opening and the orderly closing of an AMQP 0-9-1 connection, and nothing between.</summary>
internal static class AmqpHandshake
{
    private const ushort ConnectionClass = 10, Start = 10, StartOk = 11, Tune = 30, TuneOk = 31, Open = 40, OpenOk = 41, Close = 50, CloseOk = 51;

    public static async Task RunAsync(Stream stream, AmqpAddress address, CancellationToken cancellationToken)
    {
        await stream.WriteAsync("AMQP\0\0\u0009\u0001"u8.ToArray(), cancellationToken);
        await ExpectAsync(stream, Start, cancellationToken);
        await SendAsync(stream, StartOk, [.. Long(0), .. Short("PLAIN"), .. LongText($"\0{address.User}\0{address.Password}"), .. Short("en_US")], cancellationToken);
        var tune = await ExpectAsync(stream, Tune, cancellationToken);
        await SendAsync(stream, TuneOk, tune, cancellationToken);
        await SendAsync(stream, Open, [.. Short(address.VirtualHost), 0, 0], cancellationToken);
        await ExpectAsync(stream, OpenOk, cancellationToken);
        await SendAsync(stream, Close, [0, 200, .. Short("ok"), 0, 0, 0, 0], cancellationToken);
        await ExpectAsync(stream, CloseOk, cancellationToken);
    }

    private static async Task SendAsync(Stream stream, ushort method, byte[] arguments, CancellationToken cancellationToken)
    {
        byte[] frame = [1, 0, 0, .. Long((uint)arguments.Length + 4), .. Word(ConnectionClass), .. Word(method), .. arguments, 0xCE];
        await stream.WriteAsync(frame, cancellationToken);
    }

    private static async Task<byte[]> ExpectAsync(Stream stream, ushort method, CancellationToken cancellationToken)
    {
        var header = new byte[7];
        await stream.ReadExactlyAsync(header, cancellationToken);
        if (header[0] != 1) throw new InvalidOperationException("The server does not speak AMQP 0-9-1.");
        var payload = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(3)) + 1];
        await stream.ReadExactlyAsync(payload, cancellationToken);
        var received = BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(2));
        return received == method ? payload[4..^1] : throw new InvalidOperationException(
            received == Close ? $"The server refuses: {Encoding.UTF8.GetString(payload, 7, payload[6])}" : $"The server sent method {received}, not {method}.");
    }

    private static byte[] Word(ushort value) => [(byte)(value >> 8), (byte)value];
    private static byte[] Long(uint value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
    private static byte[] Short(string text) => [(byte)Encoding.UTF8.GetByteCount(text), .. Encoding.UTF8.GetBytes(text)];
    private static byte[] LongText(string text) => [.. Long((uint)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];
}
