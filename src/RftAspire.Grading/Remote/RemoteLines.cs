using System.Collections.Concurrent;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Remote;

/// <summary>The services that graders ask: one line to each, whatever the number of graders that share it.</summary>
public sealed class RemoteLines : IDisposable
{
    internal const int MaxAnswerBytes = 64 * 1024;
    private readonly GradingOptions _options;
    private readonly AllowedHosts _hosts;
    private readonly ConcurrentDictionary<string, Lazy<RemoteLine>> _lines = new();
    private readonly ConcurrentDictionary<string, Lazy<GrpcChannel>> _channels = new();
    private readonly ConcurrentDictionary<(string Url, double PerSecond), Pace> _paces = new();
    private readonly SocketsHttpHandler _handler = Handler();

    public RemoteLines(IOptions<GradingOptions> options)
    {
        _options = options.Value;
        _hosts = new AllowedHosts("Grading:AllowedHosts", _options.AllowedHosts);
        Http = new HttpClient(_handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <summary>A service has gone away or is back.</summary>
    internal event Action? Changed;

    internal IEnumerable<RemoteLine> All => _lines.Values.Select(line => line.Value);

    internal HttpClient Http { get; }

    /// <exception cref="GraderException">The host may not be reached.</exception>
    internal RemoteLine To(GraderDefinition definition, string field, Uri address)
    {
        if (_hosts.Refusal(address) is { } refusal) throw new GraderException($"{definition.Path}.{field}", refusal);
        return Line(Key(address));
    }

    /// <summary>The way to a model through Judge, which is our own: each model is away by itself.</summary>
    internal RemoteLine ToJudge(string model) => Line($"judge model {model}");

    internal GrpcChannel Channel(Uri address) => _channels.GetOrAdd(Key(address), key => new(() =>
        GrpcChannel.ForAddress(key, new GrpcChannelOptions { HttpHandler = _handler, DisposeHttpClient = false, MaxReceiveMessageSize = MaxAnswerBytes }))).Value;

    internal Pace? PaceOf(EndpointDefinition definition) =>
        definition.RateLimit is { } perSecond ? _paces.GetOrAdd((definition.Url.AbsoluteUri, perSecond), key => new Pace(key.PerSecond)) : null;

    public void Dispose()
    {
        foreach (var channel in _channels.Values) channel.Value.Dispose();
        Http.Dispose();
        _handler.Dispose();
        foreach (var line in All) line.Dispose();
    }

    private RemoteLine Line(string key) => _lines.GetOrAdd(key, name => new(() => new RemoteLine(name, _options, () => Changed?.Invoke()))).Value;

    private static string Key(Uri address) => address.GetLeftPart(UriPartial.Authority);

    private static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        // A name may come to stand for another machine.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    };
}
