using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Microsoft.Extensions.Hosting;

/// <summary>
/// The key by which the platform's services know each other. The host makes it. Inner services know no tenants: what they do for Jobs they do
/// for nobody else on the machine.
/// </summary>
public static class ServiceKey
{
    public const string Setting = "ServiceKey";

    /// <summary>Turns away who does not show the key; health is for everybody.</summary>
    /// <exception cref="InvalidOperationException">No key is set.</exception>
    public static WebApplication UseServiceKey(this WebApplication app)
    {
        if (app.Configuration[Setting] is not { Length: > 0 } key)
            throw new InvalidOperationException($"{Setting} is not set; the host makes one for all services, elsewhere give each of them the same");
        var expected = Encoding.UTF8.GetBytes($"Bearer {key}");
        app.Use((context, next) =>
        {
            var given = Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString());
            if (context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null || CryptographicOperations.FixedTimeEquals(given, expected)) return next(context);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        });
        return app;
    }

    /// <summary>Sends requests to another service of the platform, with the key.</summary>
    public static HttpMessageHandler ToServices(IConfiguration configuration) => new Handler(configuration[Setting]);

    private sealed class Handler(string? key) : DelegatingHandler(new SocketsHttpHandler { EnableMultipleHttp2Connections = true, UseProxy = false })
    {
        private readonly AuthenticationHeaderValue? _key = string.IsNullOrEmpty(key) ? null : new("Bearer", key);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = _key;
            return base.SendAsync(request, cancellationToken);
        }
    }
}
