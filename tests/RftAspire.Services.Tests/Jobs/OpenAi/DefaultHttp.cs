using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>A request and its answer without a server.</summary>
internal sealed class DefaultHttp
{
    public DefaultHttp(string body = "", string? contentType = null) : this(Encoding.UTF8.GetBytes(body), contentType)
    {
    }

    public DefaultHttp(byte[] body, string? contentType = null)
    {
        Context.RequestServices = new ServiceCollection()
            .Configure<JsonOptions>(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower).BuildServiceProvider();
        Context.Request.Body = new MemoryStream(body);
        Context.Request.ContentType = contentType;
        Context.Response.Body = new MemoryStream();
    }

    public DefaultHttpContext Context { get; } = new();

    public JsonElement Error() => JsonDocument.Parse(((MemoryStream)Context.Response.Body).ToArray()).RootElement.GetProperty("error");
}
