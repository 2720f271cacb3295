using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace RftAspire.Services.Tests.Jobs;

/// <summary>A real Redis on a port and in a folder of its own. What it acknowledged outlives a killed process.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    // The server dies with the test process, however that ends: its input closes then.
    private const string EndsWithInput = "\"$@\" & server=$!; cat > /dev/null; kill -9 $server; wait $server";

    private readonly string _folder = Directory.CreateTempSubdirectory("rft-redis-").FullName;
    private readonly List<ConnectionMultiplexer> _clients = [];
    private Process? _process;

    public int Port { get; } = FreePort();

    public string ConnectionString => $"127.0.0.1:{Port}";

    public static bool IsInstalled => Locate() is not null;

    public async Task InitializeAsync()
    {
        if (IsInstalled) await StartAsync();
    }

    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("sh") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var word in (string[])["-c", EndsWithInput, "sh", Locate()!]) start.ArgumentList.Add(word);
        // The kernel holds what a killed server wrote; waiting for a busy disk would only run into the clients' deadline.
        foreach (var word in $"--port {Port} --bind 127.0.0.1 --dir {_folder} --save  --appendonly yes --appendfsync no".Split(' '))
            start.ArgumentList.Add(word);
        _process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await _process.StandardOutput.ReadLineAsync(deadline.Token) is { } line)
        {
            if (!line.Contains("Ready to accept connections", StringComparison.Ordinal)) continue;
            _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return;
        }
    }

    /// <summary>Kills the server in the middle of whatever it does.</summary>
    public void Kill()
    {
        _process!.StandardInput.Close();
        _process.WaitForExit();
    }

    /// <summary>A client of its own connection.</summary>
    public ConnectionMultiplexer Connect()
    {
        var client = ConnectionMultiplexer.Connect($"{ConnectionString},abortConnect=false");
        _clients.Add(client);
        return client;
    }

    /// <summary>Waits until a client that has lost its connection has found the server again.</summary>
    public static async Task UntilAnsweredAsync(ConnectionMultiplexer client)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                await client.GetDatabase().PingAsync();
                return;
            }
            catch (RedisConnectionException)
            {
                await Task.Delay(50, deadline.Token);
            }
        }
    }

    public Task DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        if (_process is { HasExited: false }) Kill();
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return int.Parse(listener.LocalEndpoint.ToString()!.Split(':')[1], CultureInfo.InvariantCulture);
    }

    private static string? Locate() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, "redis-server")).FirstOrDefault(File.Exists);
}

/// <summary>Tests that need redis-server.</summary>
public sealed class RedisTheoryAttribute : TheoryAttribute
{
    public RedisTheoryAttribute()
    {
        if (!RedisServer.IsInstalled) Skip = "redis-server is not installed";
    }
}

/// <summary>A test that needs redis-server.</summary>
public sealed class RedisFactAttribute : FactAttribute
{
    public RedisFactAttribute()
    {
        if (!RedisServer.IsInstalled) Skip = "redis-server is not installed";
    }
}
