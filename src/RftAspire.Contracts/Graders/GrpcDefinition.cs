using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>Type <c>grpc</c>: a grader of the user's own that implements <c>rft.graders.v1.GraderService</c>.</summary>
/// <param name="Address">Field <c>address</c>: the service, for example http://127.0.0.1:9000; http is HTTP/2 without TLS.</param>
/// <param name="Timeout">Field <c>timeout_seconds</c>: time for one attempt, from 0.1 to 600 seconds; 30 unless given.</param>
/// <param name="ConfigJson">Field <c>config</c>: an object handed through to the service as JSON text; empty where there is none.</param>
public sealed record GrpcDefinition(Uri Address, TimeSpan Timeout, string ConfigJson) : GraderDefinition("")
{
    /// <summary>All of the row is sent, none of it is required.</summary>
    public override IEnumerable<GraderColumn> Columns => [];

    internal static GrpcDefinition Read(GraderFields fields)
    {
        var address = fields.Address("address");
        if (address.PathAndQuery != "/") throw fields.Fault("address", $"has the path '{address.AbsolutePath}'; gRPC has paths of its own, write {address.GetLeftPart(UriPartial.Authority)}");
        var config = fields.Find("config");
        if (config is { ValueKind: not JsonValueKind.Object }) throw fields.Fault("config", "is no object; write {...}, or leave it out");
        return new GrpcDefinition(address, fields.Timeout(), config?.GetRawText() ?? "");
    }
}
