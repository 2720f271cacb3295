using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace RftAspire.Embedded.Grpc.HealthChecks;

/// <summary>Tells the outcome of the host's health checks. A degraded server still serves.</summary>
internal sealed class HealthCalls(HealthCheckService checks, IHostApplicationLifetime lifetime) : Health.HealthBase
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        IsServer(request)
            ? new HealthCheckResponse { Status = await StatusAsync(context.CancellationToken) }
            : throw new RpcException(new Status(StatusCode.NotFound, $"There is no service '{request.Service}': leave it empty for the server."));

    public override async Task Watch(
        HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        using var timer = new PeriodicTimer(Interval);
        var told = ServingStatus.Unknown;
        do
        {
            var status = IsServer(request) ? await StatusAsync(end.Token) : ServingStatus.ServiceUnknown;
            if (status != told)
            {
                await responseStream.WriteAsync(new HealthCheckResponse { Status = told = status }, end.Token);
            }
        }
        while (await timer.WaitForNextTickAsync(end.Token));
    }

    private static bool IsServer(HealthCheckRequest request) => request.Service.Length == 0;

    private async Task<ServingStatus> StatusAsync(CancellationToken cancellation) =>
        (await checks.CheckHealthAsync(cancellation)).Status == HealthStatus.Unhealthy ? ServingStatus.NotServing : ServingStatus.Serving;
}
