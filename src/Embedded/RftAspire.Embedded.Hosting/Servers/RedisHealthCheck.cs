using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

/// <summary>Healthy when the server takes the password and answers a ping.</summary>
internal sealed class RedisHealthCheck(RedisResource server) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            var address = RedisAddress.Parse((await server.ConnectionStringExpression.GetValueAsync(timeout.Token))!);
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, timeout.Token);
            var answer = await PingAsync(client.GetStream(), address.Password, timeout.Token);
            return answer.StartsWith("+PONG", StringComparison.Ordinal) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy(answer);
        }
        catch (Exception failure) when (failure is SocketException or IOException or InvalidOperationException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return HealthCheckResult.Unhealthy(failure.Message);
        }
    }

    private static async Task<string> PingAsync(Stream stream, string password, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream);
        if (password.Length > 0)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"*2\r\n$4\r\nAUTH\r\n${Encoding.UTF8.GetByteCount(password)}\r\n{password}\r\n"), cancellationToken);
            var answer = await reader.ReadLineAsync(cancellationToken) ?? "no answer";
            if (!answer.StartsWith('+')) return answer;
        }
        await stream.WriteAsync("PING\r\n"u8.ToArray(), cancellationToken);
        return await reader.ReadLineAsync(cancellationToken) ?? "no answer";
    }
}

/// <summary>The first server and the password of a StackExchange.Redis connection string.</summary>
internal sealed record RedisAddress(string Host, int Port, string Password)
{
    public static RedisAddress Parse(string connectionString)
    {
        var parts = connectionString.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || parts[0].Contains('='))
            throw new DistributedApplicationException("A Redis connection string must read host:port,password=...");
        var server = parts[0].Split(':');
        var password = parts.FirstOrDefault(part => part.StartsWith("password=", StringComparison.OrdinalIgnoreCase))?["password=".Length..] ?? "";
        return new(server[0], server.Length > 1 ? int.Parse(server[1], CultureInfo.InvariantCulture) : 6379, password);
    }
}
