using System.Net;
using System.Security.Cryptography;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dashboard;

/// <summary>A page about the resources, for this machine alone.</summary>
internal sealed class DashboardServer : IAsyncDisposable
{
    private const string TokenHeader = "X-Dashboard-Token";
    private readonly WebApplication app;
    private readonly DashboardView view;
    private readonly ResourceCommandService commands;
    // Only the page itself knows it, so that no other site can press the buttons.
    private readonly string token = RandomNumberGenerator.GetHexString(32, lowercase: true);

    private DashboardServer(WebApplication app, DashboardView view, ResourceCommandService commands)
    {
        this.app = app;
        this.view = view;
        this.commands = commands;
    }

    public string Address => $"http://localhost:{new Uri(app.Urls.First()).Port}";

    public static async Task<DashboardServer> StartAsync(
        int port, DistributedApplicationModel model, ResourceNotificationService notifications, ResourceLoggerService loggers,
        ResourceCommandService commands, CancellationToken cancellationToken)
    {
        // Its settings are the parameters above; the AppHost's environment and files are none of its business.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "Dashboard" });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            if (port == 0) kestrel.Listen(IPAddress.Loopback, 0);
            else kestrel.ListenLocalhost(port);
        });
        builder.Services.AddRouting();
        builder.Logging.ClearProviders();
        var server = new DashboardServer(builder.Build(), new DashboardView(model, notifications, loggers), commands);
        server.MapRoutes();
        await server.app.StartAsync(cancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private void MapRoutes()
    {
        app.Use(RefuseForeignHostsAsync);
        app.UseRouting();
        app.MapGet("/", PageAsync);
        app.MapGet("/api/resources", (HttpContext context) => context.Response.WriteAsJsonAsync(view.Resources()));
        app.MapGet("/api/logs/{id}", (HttpContext context, string id) => context.Response.WriteAsJsonAsync(view.Log(id, After(context.Request))));
        app.MapPost("/api/resources/{id}/{command}", CommandAsync);
    }

    // A foreign name that resolves to 127.0.0.1 would let a web site read this page through the visitor's browser.
    private static Task RefuseForeignHostsAsync(HttpContext context, RequestDelegate next)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        if (context.Request.Host.Host is "localhost" or "127.0.0.1" or "[::1]") return next(context);
        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return context.Response.WriteAsync("This page is served to localhost only.");
    }

    private Task PageAsync(HttpContext context)
    {
        var nonce = RandomNumberGenerator.GetHexString(16, lowercase: true);
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";
        return context.Response.WriteAsync(Page.Replace("{{nonce}}", nonce, StringComparison.Ordinal).Replace("{{token}}", token, StringComparison.Ordinal));
    }

    private async Task CommandAsync(HttpContext context, string id, string command)
    {
        var given = Encoding.UTF8.GetBytes(context.Request.Headers[TokenHeader].ToString());
        if (!CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(token)))
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }
        var result = await commands.ExecuteCommandAsync(id, command, context.RequestAborted);
        context.Response.StatusCode = result.Success ? StatusCodes.Status204NoContent : StatusCodes.Status400BadRequest;
        if (!result.Success) await context.Response.WriteAsync(result.ErrorMessage ?? "The command failed.");
    }

    private static int After(HttpRequest request) => int.TryParse(request.Query["after"], out var after) ? after : 0;

    private static string Page { get; } = ReadPage();

    private static string ReadPage()
    {
        using var stream = typeof(DashboardServer).Assembly.GetManifestResourceStream("page.html")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
