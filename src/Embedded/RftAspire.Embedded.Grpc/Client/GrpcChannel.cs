using System.Reflection;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Options of a channel.</summary>
public class GrpcChannelOptions
{
    /// <summary>Largest response message in bytes; null lifts the limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = 4 * 1024 * 1024;

    /// <summary>Largest request message in bytes; null, the default, sets no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Sends the requests; without one the channel makes its own.</summary>
    public HttpMessageHandler? HttpHandler { get; set; }

    /// <summary>Whether the channel disposes of <see cref="HttpHandler"/>; of its own it always does.</summary>
    public bool DisposeHttpClient { get; set; }
}

/// <summary>A way to the gRPC server at one address; connects when first used and reconnects by itself.</summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private GrpcChannel(Uri address, GrpcChannelOptions options) : base(address.Authority)
    {
        (Address, Options) = (address, options);
        Invoker = new HttpMessageInvoker(
            options.HttpHandler ?? CreateHandler(address),
            disposeHandler: options.HttpHandler is null || options.DisposeHttpClient);
    }

    internal Uri Address { get; }

    internal GrpcChannelOptions Options { get; }

    internal HttpMessageInvoker Invoker { get; }

    internal static string UserAgent { get; } =
        $"grpc-dotnet-embedded/{typeof(GrpcChannel).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
            ? ForAddress(uri, channelOptions)
            : throw new ArgumentException($"'{address}' is not an absolute address such as http://localhost:7081.", nameof(address));

    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        return address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps
            ? new GrpcChannel(address, channelOptions)
            : throw new ArgumentException($"The address '{address}' must start with http:// or https://.", nameof(address));
    }

    public override CallInvoker CreateCallInvoker() => new HttpCallInvoker(this);

    public void Dispose() => Invoker.Dispose();

    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }

    // An HTTP proxy cannot carry HTTP/2 without TLS, whatever the environment asks for.
    private static SocketsHttpHandler CreateHandler(Uri address) => new()
    {
        AllowAutoRedirect = false,
        EnableMultipleHttp2Connections = true,
        UseCookies = false,
        UseProxy = address.Scheme == Uri.UriSchemeHttps,
    };
}
