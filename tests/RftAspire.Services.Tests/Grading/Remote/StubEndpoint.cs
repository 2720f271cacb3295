using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RftAspire.Grading;
using RftAspire.Grading.Remote;

namespace RftAspire.Services.Tests.Grading.Remote;

/// <summary>An HTTP service that answers as a test says, and remembers what it was asked.</summary>
internal sealed class StubEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _running;

    private StubEndpoint(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single() + "/grade";

    /// <summary>Answers one request, given its number from 1.</summary>
    public Func<HttpContext, int, Task> Answer { get; set; } = (context, _) => Score(context, "1");

    public ConcurrentQueue<(string Body, DateTime At, string? Secret)> Asked { get; } = new();

    public int MostAtOnce { get; private set; }

    public static async Task<StubEndpoint> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = Path.GetTempPath() });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(100));
        var app = builder.Build();
        var stub = new StubEndpoint(app);
        app.Run(stub.HandleAsync);
        await app.StartAsync();
        return stub;
    }

    public static Task Score(HttpContext context, string score) => Write(context, 200, $$"""{"score": {{score}}}""");

    public static Task Write(HttpContext context, int status, string body)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Ways to it that give up soon.</summary>
    public static RemoteLines Lines(Func<GradingOptions>? options = null) => new(Options.Create(options?.Invoke() ?? new GradingOptions { OutageLimit = TimeSpan.FromSeconds(20) }));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        Asked.Enqueue((await reader.ReadToEndAsync(), DateTime.UtcNow, context.Request.Headers["X-Secret"]));
        var running = Interlocked.Increment(ref _running);
        lock (_app) MostAtOnce = Math.Max(MostAtOnce, running);
        try
        {
            await Answer(context, Asked.Count);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
