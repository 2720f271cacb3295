using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Orchestration;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>The built application: starts, watches and stops all its resources.</summary>
public sealed class DistributedApplication : IHost, IAsyncDisposable
{
    private int disposed;

    private readonly IHost host;
    private readonly EntryPointSession? session;

    internal DistributedApplication(IHost host, EntryPointSession? session)
    {
        this.host = host;
        this.session = session;
    }

    public IServiceProvider Services => host.Services;
    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();
    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    public static IDistributedApplicationBuilder CreateBuilder() => CreateBuilder([]);
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => CreateBuilder(new DistributedApplicationOptions { Args = args });
    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) => new DistributedApplicationBuilder(options);

    /// <summary>Runs until Ctrl-C, SIGTERM or a start that fails; the latter is one line on stderr and exit code 1.</summary>
    public void Run()
    {
        try
        {
            RunAsync().GetAwaiter().GetResult();
        }
        catch (DistributedApplicationException mistake)
        {
            Console.Error.WriteLine($"error: {mistake.Message}");
            Environment.ExitCode = 1;
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (session is not null)
        {
            await session.Ended;
            return;
        }
        await using var self = this;
        using var parent = ParentWatch.Begin(Services.GetRequiredService<IHostApplicationLifetime>());
        await StartAsync(cancellationToken);
        await host.WaitForShutdownAsync(cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken = default) => host.StartAsync(cancellationToken);
    public Task StopAsync(CancellationToken cancellationToken = default) => host.StopAsync(cancellationToken);

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 1) return;
        await Services.GetRequiredService<Orchestrator>().StopAsync();
        if (host is IAsyncDisposable disposable) await disposable.DisposeAsync();
        else host.Dispose();
        session?.OnDisposed();
    }
}
