using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One line of a resource's console.</summary>
public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

/// <summary>Keeps the newest console lines of every resource and of each of its processes.</summary>
public sealed class ResourceLoggerService
{
    private readonly ConcurrentDictionary<string, ResourceLog> logs = new(StringComparer.OrdinalIgnoreCase);

    public ILogger GetLogger(IResource resource) => GetLogger(resource.Name);
    public ILogger GetLogger(string resourceName) => Log(resourceName);

    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource) => WatchAsync(resource.Name);
    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName) => Log(resourceName).WatchAsync();

    public IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(IResource resource) => GetAllAsync(resource.Name);

    public async IAsyncEnumerable<IReadOnlyList<LogLine>> GetAllAsync(string resourceName)
    {
        await Task.CompletedTask;
        yield return LinesAfter(resourceName, 0);
    }

    internal IReadOnlyList<LogLine> LinesAfter(string name, int lineNumber) => Log(name).After(lineNumber);

    internal void Append(IEnumerable<string> names, string content, bool isError)
    {
        foreach (var name in names) Log(name).Append(content, isError);
    }

    private ResourceLog Log(string name) => logs.GetOrAdd(name, _ => new());

    private sealed class ResourceLog : ILogger
    {
        private const int Kept = 10_000;
        private readonly Lock gate = new();
        private readonly Queue<LogLine> lines = new();
        private readonly List<Channel<LogLine>> watchers = [];
        private int count;

        public void Append(string content, bool isError)
        {
            lock (gate)
            {
                var line = new LogLine(++count, content, isError);
                lines.Enqueue(line);
                if (lines.Count > Kept) lines.Dequeue();
                foreach (var watcher in watchers) watcher.Writer.TryWrite(line);
            }
        }

        public IReadOnlyList<LogLine> After(int lineNumber)
        {
            lock (gate) return [.. lines.Where(line => line.LineNumber > lineNumber)];
        }

        public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var channel = Channel.CreateUnbounded<LogLine>();
            lock (gate)
            {
                foreach (var line in lines) channel.Writer.TryWrite(line);
                watchers.Add(channel);
            }
            try
            {
                await foreach (var line in channel.Reader.ReadAllAsync(cancellationToken)) yield return [line];
            }
            finally
            {
                lock (gate) watchers.Remove(channel);
            }
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Append(formatter(state, exception), logLevel >= LogLevel.Error);
    }
}
