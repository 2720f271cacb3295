using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>A foreign client: Redis by its text protocol.</summary>
internal sealed class RedisSession : IDisposable
{
    private readonly TcpClient client;
    private readonly StreamReader reader;

    private RedisSession(TcpClient client)
    {
        this.client = client;
        reader = new(client.GetStream());
    }

    public static async Task<RedisSession> OpenAsync(string connectionString)
    {
        var parts = connectionString.Split(',', ':');
        var client = new TcpClient();
        await client.ConnectAsync(parts[0], int.Parse(parts[1], CultureInfo.InvariantCulture));
        var session = new RedisSession(client);
        Assert.Equal("+OK", await session.AskAsync($"AUTH {parts[2]["password=".Length..]}"));
        return session;
    }

    public async Task<string> AskAsync(string command) => (await LinesAsync(command, 1))[0];

    public async Task<string[]> LinesAsync(string command, int count)
    {
        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"));
        var lines = new string[count];
        for (var i = 0; i < count; i++) lines[i] = await reader.ReadLineAsync() ?? throw new EndOfStreamException();
        return lines;
    }

    public void Dispose()
    {
        reader.Dispose();
        client.Dispose();
    }
}
