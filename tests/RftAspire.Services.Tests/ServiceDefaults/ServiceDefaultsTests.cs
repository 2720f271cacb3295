using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace RftAspire.Services.Tests.ServiceDefaults;

public sealed class ServiceDefaultsTests
{
    [Fact]
    public async Task Start_BrokerAndRedisAway_SaysSoInOneLineEachAndIsAliveButUnhealthy()
    {
        // Bound but not listening: nobody else can take the port, and every connection is refused.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var port = ((IPEndPoint)closed.LocalEndPoint!).Port;
        var log = new LogLines();
        await using var app = Build(
            log,
            ("ConnectionStrings:messaging", $"amqp://someone:secret@127.0.0.1:{port}"),
            ("ConnectionStrings:redis", $"127.0.0.1:{port},password=secret"));
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        var health = await http.GetAsync("/health");
        var report = await health.Content.ReadFromJsonAsync<JsonElement>();
        var broker = await log.FirstAsync("RabbitMQ");
        var redis = await log.FirstAsync("Redis");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/alive")).StatusCode);
        string[] unhealthy = ["masstransit-bus", "redis"];
        foreach (var check in unhealthy)
            Assert.Equal("Unhealthy", report.GetProperty("checks").GetProperty(check).GetProperty("status").GetString());
        Assert.Contains($"127.0.0.1:{port}", broker, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:messaging", broker, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{port}", redis, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:redis", redis, StringComparison.Ordinal);
        Assert.Equal(2, log.Severe.Length);
        Assert.DoesNotContain(log.Severe, line => line.Contains("secret", StringComparison.Ordinal) || line.Contains('\n', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("rabbit")]
    [InlineData("http://localhost:5672")]
    public async Task Start_MalformedBrokerAddress_NamesTheSettingAndTheForm(string address)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var app = Build(new LogLines(), ("ConnectionStrings:messaging", address));
            await app.StartAsync();
        });

        Assert.Contains("ConnectionStrings:messaging is no broker address; write amqp://", error.GetBaseException().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddServiceDefaults_OtlpEndpoint_DecidesWhetherTelemetryIsMade()
    {
        using var without = (IDisposable)Build(new LogLines());
        using var with = (IDisposable)Build(new LogLines(), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"));

        Assert.Null(((IHost)without).Services.GetService<TracerProvider>());
        Assert.NotNull(((IHost)with).Services.GetService<TracerProvider>());
        Assert.NotNull(((IHost)with).Services.GetService<MeterProvider>());
    }

    [Fact]
    public void ServiceAddress_SeveralEndpoints_FirstConfiguredWins()
    {
        var configuration = new ConfigurationManager { ["services:ingestion:http:0"] = "http://a:1", ["services:judge:grpc:0"] = "http://b:2" };

        Assert.Equal(new Uri("http://a:1"), configuration.ServiceAddress("ingestion", "grpc", "http"));
        Assert.Equal(new Uri("http://b:2"), configuration.ServiceAddress("judge", "grpc", "http"));
        Assert.Null(configuration.ServiceAddress("nobody", "grpc", "http"));
    }

    private static WebApplication Build(LogLines log, params (string Key, string Value)[] settings)
    {
        // The test folder holds the services' appsettings.json; this host must not read it.
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = Path.GetTempPath() });
        foreach (var (key, value) in settings) builder.Configuration[key] = value;
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults();
        builder.AddMessaging(_ => { });
        builder.AddRedis();
        builder.Logging.AddProvider(log);
        var app = builder.Build();
        app.MapDefaultEndpoints();
        return app;
    }

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _severe = new();
        private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _awaited = new();

        public string[] Severe => [.. _severe];

        /// <summary>The first warning or error that starts so.</summary>
        public Task<string> FirstAsync(string start)
        {
            var awaited = _awaited.GetOrAdd(start, _ => new());
            if (_severe.FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) is { } line) awaited.TrySetResult(line);
            return awaited.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel < LogLevel.Warning) return;
            var line = formatter(state, exception);
            _severe.Enqueue(line);
            foreach (var (start, awaited) in _awaited)
                if (line.StartsWith(start, StringComparison.Ordinal)) awaited.TrySetResult(line);
        }

        public ILogger CreateLogger(string categoryName) => this;
        public bool IsEnabled(LogLevel logLevel) => true;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public void Dispose() { }
    }
}
