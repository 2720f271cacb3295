using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Orchestration;

/// <summary>Marks an endpoint that the project's own Kestrel settings name; it gets its address under that name.</summary>
internal sealed record KestrelEndpointAnnotation(string EndpointName) : IResourceAnnotation;

/// <summary>Endpoints of a project that its appsettings.json declares as Kestrel:Endpoints:{name}:Url.</summary>
internal static class KestrelEndpoints
{
    public static void AddTo(IResource resource, string projectPath)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(projectPath))!;
        if (!File.Exists(Path.Combine(directory, "appsettings.json"))) return;
        var settings = new ConfigurationBuilder().SetBasePath(directory).AddJsonFile("appsettings.json", optional: false, reloadOnChange: false).Build();
        foreach (var section in settings.GetSection("Kestrel:Endpoints").GetChildren().Where(section => section["Url"] is not null))
        {
            resource.Annotations.Add(Endpoint(section, resource.Name));
            resource.Annotations.Add(new KestrelEndpointAnnotation(section.Key));
        }
    }

    private static EndpointAnnotation Endpoint(IConfigurationSection section, string resourceName)
    {
        if (!Uri.TryCreate(section["Url"], UriKind.Absolute, out var url))
            throw new DistributedApplicationException($"Setting {section.Path}:Url '{section["Url"]}' of resource '{resourceName}' is no URL: write http://localhost:port.");
        var transport = section["Protocols"] is "Http2" or "http2" ? "http2" : "http";
        return new(ProtocolType.Tcp, url.Scheme, transport, section.Key, url.Port) { TargetHost = url.Host };
    }
}
