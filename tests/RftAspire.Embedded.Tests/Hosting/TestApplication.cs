using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace RftAspire.Embedded.Tests.Hosting;

/// <summary>An application of one test: no dashboard, random ports, data in a folder that goes with it.</summary>
internal sealed class TestApplication : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hosting-test-");
    private DistributedApplication? app;

    public TestApplication(params string[] args)
    {
        Builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--DcpPublisher:RandomizePorts=true", $"--Hosting:DataDirectory={folder.FullName}", "--Logging:LogLevel:Default=None", .. args],
            DisableDashboard = true,
        });
    }

    public IDistributedApplicationBuilder Builder { get; }
    public string Folder => folder.FullName;
    public DistributedApplication App => app!;
    public ResourceNotificationService Notifications => App.ResourceNotifications;

    /// <summary>Nothing here takes longer, even where many builds share two cores.</summary>
    public CancellationToken Deadline { get; } = new CancellationTokenSource(TimeSpan.FromSeconds(90)).Token;

    public IResourceBuilder<ExecutableResource> Shell(string name, string script) => Builder.AddExecutable(name, "sh", Folder, "-c", script);

    public async Task StartAsync()
    {
        app = Builder.Build();
        await app.StartAsync(Deadline);
    }

    public Task<string> StateAsync(string name, params string[] states) => Notifications.WaitForResourceAsync(name, states, Deadline);

    public async Task<CustomResourceSnapshot> EndAsync(string name) =>
        (await Notifications.WaitForResourceAsync(name, seen => KnownResourceStates.TerminalStates.Contains(seen.Snapshot.State?.Text), Deadline)).Snapshot;

    /// <summary>The lines that a finished resource wrote.</summary>
    public async Task<string[]> OutputAsync(string name)
    {
        await EndAsync(name);
        await foreach (var lines in Loggers.GetAllAsync(name)) return [.. lines.Select(line => line.Content)];
        return [];
    }

    /// <summary>Waits until a running resource has written the line.</summary>
    public async Task LineAsync(string name, string content)
    {
        await foreach (var lines in Loggers.WatchAsync(name).WithCancellation(Deadline))
        {
            if (lines.Any(line => line.Content == content)) return;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null) await app.DisposeAsync();
        folder.Delete(recursive: true);
    }

    private ResourceLoggerService Loggers => (ResourceLoggerService)App.Services.GetService(typeof(ResourceLoggerService))!;
}
