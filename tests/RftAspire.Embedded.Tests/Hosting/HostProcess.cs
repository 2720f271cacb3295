using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>A whole AppHost as a process of its own, seen from outside: its words, its page, its signals.</summary>
internal sealed class HostProcess : IAsyncDisposable
{
    private static readonly string Assembly = Path.Combine(AppContext.BaseDirectory, "RftAspire.Embedded.Tests.AppHost.dll");
    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly TaskCompletionSource<string> dashboard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task reading;

    private HostProcess(Process process)
    {
        this.process = process;
        reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
    }

    public int Id => process.Id;
    public string Output => string.Join('\n', lines);
    public Task<string> Dashboard => dashboard.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public static HostProcess Start(string dataDirectory, IEnumerable<string>? args = null, string? path = null)
    {
        var info = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] all = ["exec", Assembly, $"--Hosting:DataDirectory={dataDirectory}", "--ASPNETCORE_URLS=http://localhost:0", .. args ?? []];
        foreach (var arg in all) info.ArgumentList.Add(arg);
        if (path is not null) info.Environment["PATH"] = path;
        return new(Process.Start(info)!);
    }

    /// <summary>A host below a process that looks like `dotnet run`, which is then the process that signals go to.</summary>
    public static HostProcess StartBelowDotNetRun(string dataDirectory, params string[] args)
    {
        // The inner shell stays the host's parent, as there is another command after it.
        const string below = "exec -a dotnet bash -c '\"$@\"; exit' run \"$@\"";
        var info = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        string[] all = ["-c", below, "bash", dotnet, "exec", Assembly, $"--Hosting:DataDirectory={dataDirectory}", "--ASPNETCORE_URLS=http://localhost:0", .. args];
        foreach (var arg in all) info.ArgumentList.Add(arg);
        return new(Process.Start(info)!);
    }

    public async Task<int> ExitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        await reading.WaitAsync(TimeSpan.FromSeconds(10));
        return process.ExitCode;
    }

    public async Task<JsonArray> ResourcesAsync()
    {
        using var client = new HttpClient();
        return (await client.GetFromJsonAsync<JsonArray>($"{await Dashboard}/api/resources", JsonSerializerOptions.Web))!;
    }

    public async Task WaitUntilHealthyAsync(int resources)
    {
        var until = DateTime.UtcNow + TimeSpan.FromSeconds(90);
        while (DateTime.UtcNow < until)
        {
            var all = await ResourcesAsync();
            if (all.Count == resources && all.All(resource => (string?)resource!["health"] == "Healthy")) return;
            await Task.Delay(100);
        }
        throw new TimeoutException($"not healthy: {await ResourcesAsync()}\n{Output}");
    }

    /// <summary>The port of the only endpoint of a resource.</summary>
    public async Task<int> PortAsync(string name)
    {
        var resource = (await ResourcesAsync()).Single(resource => (string?)resource!["name"] == name)!;
        return new Uri((string)resource["links"]![0]!["url"]!).Port;
    }

    public void Signal(string signal) => Process.Start("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();

    public async ValueTask DisposeAsync()
    {
        var descendants = ProcessTable.DescendantsOf(Id);
        if (!process.HasExited) Signal("TERM");
        await ExitAsync();
        await ProcessTable.AliveAfterAsync(descendants, TimeSpan.FromSeconds(15));
        process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Enqueue(line);
            const string announcement = "Now listening on: ";
            if (line.Contains(announcement, StringComparison.Ordinal)) dashboard.TrySetResult(line[(line.IndexOf(announcement, StringComparison.Ordinal) + announcement.Length)..]);
        }
        if (!process.HasExited) return;
        dashboard.TrySetException(new InvalidOperationException($"The host ended:\n{Output}"));
    }
}
