using System.Collections.Immutable;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>The links of a process, as the AppHost wants them shown.</summary>
internal static class ResourceUrls
{
    public static ImmutableArray<UrlSnapshot> Of(IResource resource, int index) =>
        [.. resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => Of(resource, endpoint, index))];

    private static UrlSnapshot Of(IResource resource, EndpointAnnotation endpoint, int index)
    {
        var url = new ResourceUrlAnnotation { Url = endpoint.Instances[index].UriString };
        foreach (var change in resource.Annotations.OfType<ResourceUrlsCallbackAnnotation>())
        {
            if (string.Equals(change.EndpointName, endpoint.Name, StringComparison.OrdinalIgnoreCase)) change.Callback(url);
        }
        var absolute = url.Url.StartsWith('/') ? endpoint.Instances[index].UriString + url.Url : url.Url;
        return new(endpoint.Name, absolute, IsInternal: false) { DisplayText = url.DisplayText };
    }
}
