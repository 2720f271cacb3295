using System.Text;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Ingestion;

namespace RftAspire.Services.Tests.Ingestion;

public sealed class DatasetPromptsTests
{
    [Fact]
    public void Read_SoundRows_SplitsMessagesFromItem()
    {
        var rows = Read("\n" + """{"n":1.50,"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"é"}]}],"labels":["A"]}""");

        var row = Assert.Single(rows);
        Assert.Equal(2, row.Line);
        Assert.Equal([new PromptMessage("system", "s"), new PromptMessage("user", "aé")], row.Messages);
        Assert.Equal("""{"n":1.50,"labels":["A"]}""", row.Item.GetRawText());
    }

    [Fact]
    public void Read_DeepestRow_SurvivesThePromptsFile()
    {
        var nested = new string('[', 63) + new string(']', 63);
        var row = Read($$"""{"messages":[{"role":"user","content":"a"}],"x":{{nested}}}""").Single();

        var back = JsonSerializer.Deserialize<PromptRow>(JsonSerializer.Serialize(row, ArtifactStore.Json), ArtifactStore.Json)!;

        Assert.Equal(row.Item.GetRawText(), back.Item.GetRawText());
    }

    [Fact]
    public void Read_RejectedRow_ThrowsWithItsLine()
    {
        var error = Assert.Throws<InvalidDataException>(() => Read("\n{}"));

        Assert.StartsWith("line 2: ", error.Message, StringComparison.Ordinal);
    }

    private static PromptRow[] Read(string text) => [.. DatasetPrompts.Read(new MemoryStream(Encoding.UTF8.GetBytes(text)))];
}
