using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Ingestion.V1;

namespace RftAspire.Jobs.Files;

/// <summary>Asks Ingestion what it thinks of a staged dataset.</summary>
public sealed class IngestionChecks(IConfiguration configuration, IOptions<JobsOptions> options) : IDisposable
{
    private const string Setting = "services:ingestion:grpc:0";

    private readonly Uri? _address = configuration.ServiceAddress("ingestion", "grpc", "http");
    private GrpcChannel? _channel;

    public async Task<CheckDatasetResponse> CheckAsync(string datasetPath, CancellationToken cancellation)
    {
        var checks = new DatasetChecks.DatasetChecksClient(Channel());
        try
        {
            return await checks.CheckDatasetAsync(
                new CheckDatasetRequest { DatasetPath = datasetPath },
                deadline: DateTime.UtcNow + options.Value.DatasetCheckDeadline,
                cancellationToken: cancellation);
        }
        catch (RpcException error) when (error.StatusCode is not StatusCode.Cancelled)
        {
            throw Faults.Unavailable($"the dataset checks at {_address} ({Setting}) failed, try again: {error.StatusCode} {error.Status.Detail}");
        }
    }

    public void Dispose() => _channel?.Dispose();

    private GrpcChannel Channel()
    {
        if (_address is null) throw Faults.Unavailable($"the address of the dataset checks is not set; set {Setting} to Ingestion's gRPC address");
        return LazyInitializer.EnsureInitialized(ref _channel, () => GrpcChannel.ForAddress(_address, new GrpcChannelOptions { HttpHandler = ServiceKey.ToServices(configuration), DisposeHttpClient = true }));
    }
}
