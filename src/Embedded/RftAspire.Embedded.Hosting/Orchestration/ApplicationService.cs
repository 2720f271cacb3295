using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Orchestration;

/// <summary>The start and the end of the application, with the lines that Aspire prints.</summary>
internal sealed class ApplicationService(
    Orchestrator orchestrator, DistributedApplicationOptions options, AppHostLocation location, IConfiguration configuration,
    DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers,
    ResourceCommandService commands, ILogger<DistributedApplication> logger) : IHostedService
{
    private const string Version = "13.1.0 (embedded stand-in)";
    private DashboardServer? dashboard;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        logger.LogInformation("Aspire version: {Version}", Version);
        logger.LogInformation("Distributed application starting.");
        logger.LogInformation("Application host directory is: {Directory}", location.Directory);
        if (!options.DisableDashboard) await StartDashboardAsync(cancellationToken);
        await orchestrator.StartAsync();
        logger.LogInformation("Distributed application started. Press Ctrl+C to shut down.");
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        logger.LogInformation("Distributed application stopping.");
        await orchestrator.StopAsync();
        if (dashboard is not null) await dashboard.DisposeAsync();
    }

    private async Task StartDashboardAsync(CancellationToken cancellationToken)
    {
        var address = (configuration["ASPNETCORE_URLS"] ?? "http://localhost:15000").Split(';')[0];
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
            throw new DistributedApplicationException($"The dashboard address '{address}' in ASPNETCORE_URLS is no URL: write http://localhost:port.");
        if (uri.Port != 0) await new Ports(configuration).RequireAsync(uri.Port, "Dashboard");
        dashboard = await DashboardServer.StartAsync(uri.Port, model, notifications, loggers, commands, cancellationToken);
        logger.LogInformation("Now listening on: {Address}", dashboard.Address);
    }
}
