using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace RftAspire.Services.Tests.Jobs.Hostile;

/// <summary>Jobs, and all that it logs while it is attacked.</summary>
public sealed class HostileService : JobsUnderTest
{
    internal LogLines Log { get; } = new();

    internal IEnumerable<RouteEndpoint> Endpoints => Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>();

    protected override Dictionary<string, string?> Settings => new() { ["Jobs:Chat:Patience"] = "00:00:00.100", ["Jobs:Chat:Silence"] = "00:00:00.100", ["Jobs:AnswerPatience"] = "00:00:00.050" };

    protected override void Replace(IServiceCollection services) => services.AddSingleton<ILoggerProvider>(Log);

    /// <summary>Nothing was answered wrongly or logged that should not be, nothing was left behind, and the service goes on.</summary>
    internal async Task AssertUnharmedAsync(IReadOnlyCollection<string> faults)
    {
        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(40)));
        Assert.Empty(Log.Errors);
        Assert.Empty(Log.Forged);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Artifacts.Root, "staging"), "*.jsonl", SearchOption.AllDirectories));
        Assert.Equal(HttpStatusCode.OK, (await Http.GetAsync("/health")).StatusCode);
    }

    internal sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<(LogLevel Level, string Line)> _lines = new();

        /// <summary>Lines that are none: a caller's text has broken them, or coloured the terminal of who reads them.</summary>
        public IEnumerable<string> Forged => _lines.Select(line => line.Line).Where(line => line.Any(char.IsControl));

        public IEnumerable<string> Errors => _lines.Where(line => line.Level >= LogLevel.Error).Select(line => line.Line);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var trace = logLevel >= LogLevel.Error && exception is not null ? $" {exception.GetType().Name}: {exception.Message} {exception.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("RftAspire", StringComparison.Ordinal))?.Trim()}" : "";
            _lines.Enqueue((logLevel, formatter(state, exception) + trace));
        }

        public void Dispose()
        {
        }
    }
}
