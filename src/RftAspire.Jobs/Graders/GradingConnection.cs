using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Jobs.Graders;

/// <summary>Asks Grading, and passes on what it says of the request.</summary>
public sealed class GradingConnection(IConfiguration configuration, IOptions<JobsOptions> options) : IDisposable
{
    private const string Setting = "services:grading:grpc:0";

    private readonly Uri? _address = configuration.ServiceAddress("grading", "grpc", "http");
    private GrpcChannel? _channel;

    /// <summary>A call with one answer, within <see cref="JobsOptions.GraderDeadline"/> and the caller's own deadline.</summary>
    public Task<T> AskAsync<T>(ServerCallContext context, Func<GraderWorkbench.GraderWorkbenchClient, CallOptions, Task<T>> call) =>
        AskAsync(context.Deadline, call, context.CancellationToken);

    /// <summary>The same for a caller that is no gRPC call.</summary>
    public Task<T> AskAsync<T>(DateTime callersDeadline, Func<GraderWorkbench.GraderWorkbenchClient, CallOptions, Task<T>> call, CancellationToken cancellation)
    {
        var ours = DateTime.UtcNow + options.Value.GraderDeadline;
        return ServeAsync(call, new CallOptions(deadline: callersDeadline < ours ? callersDeadline : ours, cancellationToken: cancellation));
    }

    /// <summary>A call that may take as long as its caller waits.</summary>
    public Task<T> StreamAsync<T>(ServerCallContext context, Func<GraderWorkbench.GraderWorkbenchClient, CallOptions, Task<T>> call) =>
        ServeAsync(call, new CallOptions(deadline: context.Deadline < DateTime.MaxValue ? context.Deadline : null, cancellationToken: context.CancellationToken));

    public void Dispose() => _channel?.Dispose();

    private async Task<T> ServeAsync<T>(Func<GraderWorkbench.GraderWorkbenchClient, CallOptions, Task<T>> call, CallOptions callOptions)
    {
        try
        {
            return await call(new GraderWorkbench.GraderWorkbenchClient(Channel()), callOptions);
        }
        catch (RpcException error) when (error.StatusCode == StatusCode.InvalidArgument)
        {
            var details = error.Trailers.FirstOrDefault(entry => entry.Key == InvalidRequest.DetailsTrailer);
            throw new RpcException(error.Status, details is null ? [] : [details]);
        }
        catch (RpcException error) when (error.StatusCode is not (StatusCode.Cancelled or StatusCode.DeadlineExceeded))
        {
            throw Faults.Unavailable($"the graders at {_address} ({Setting}) cannot be asked, try again: {error.StatusCode} {error.Status.Detail}");
        }
    }

    private GrpcChannel Channel()
    {
        if (_address is null) throw Faults.Unavailable($"the address of the graders is not set; set {Setting} to Grading's gRPC address");
        return LazyInitializer.EnsureInitialized(ref _channel, () => GrpcChannel.ForAddress(_address, new GrpcChannelOptions { HttpHandler = ServiceKey.ToServices(configuration), DisposeHttpClient = true }));
    }
}
