using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Orchestration;

internal sealed record HttpProbe(EndpointReference Endpoint, string Path, int StatusCode);

/// <summary>Healthy when every process of the resource answers as expected.</summary>
internal sealed class HttpHealthCheck(HttpProbe probe) : IHealthCheck
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(5) };

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        foreach (var address in probe.Endpoint.EndpointAnnotation.Instances)
        {
            if (await ComplaintAsync(new Uri(new Uri(address.UriString), probe.Path), cancellationToken) is { } complaint)
                return HealthCheckResult.Unhealthy(complaint);
        }
        return HealthCheckResult.Healthy();
    }

    private async Task<string?> ComplaintAsync(Uri uri, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await Client.GetAsync(uri, cancellationToken);
            return (int)response.StatusCode == probe.StatusCode ? null : $"{uri} answered {(int)response.StatusCode}, not {probe.StatusCode}";
        }
        catch (Exception failure) when (failure is HttpRequestException || (failure is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return $"{uri}: {failure.Message}";
        }
    }
}
