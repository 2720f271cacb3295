using System.Text.Json;
using RftAspire.ForeignClients;

namespace RftAspire.Embedded.Tests.Grpc;

public class NodeClientTests
{
    [NodeFact]
    public async Task GrpcJs_EveryKindOfCall_SeesWhatOursSees()
    {
        await using var server = await ProbeServer.StartAsync();
        var proto = Path.Combine(
            NodeFactAttribute.Repository, "tests", "RftAspire.Embedded.Tests", "Grpc", "probe.proto");

        var (exit, output) = await NodeFactAttribute.RunAsync("node", "probe.js", new Uri(server.Address).Authority, proto);

        Assert.True(exit == 0, output);
        const string expected = """
            {
              "echo": "Grüße, 世界",
              "gzip": 10000,
              "tooLarge": 8,
              "sum": 5050,
              "inOrder": true,
              "chat": ["EINS", "ZWEI"],
              "mirror": { "headers": ["hello", "00feff"], "trailers": ["hello", "00feff"] },
              "failed": { "code": 3, "details": "größer als 0 — 次", "reason": "probe", "rich": true },
              "deadline": 4,
              "missing": 12,
              "cancel": { "received": 1, "code": 1 }
            }
            """;
        Assert.Equal(Normalized(expected), Normalized(output));
    }

    private static string Normalized(string json) =>
        JsonSerializer.Serialize(JsonSerializer.Deserialize<JsonElement>(json));
}
