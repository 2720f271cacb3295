using System.Text;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Ingestion;

namespace RftAspire.Services.Tests.Ingestion;

public sealed class DatasetPromptsTests
{
    [Fact]
    public void Read_SoundRows_HasMessagesAndTheWholeRow()
    {
        const string line = """{"n":1.50,"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"é"}]}],"labels":["A"]}""";

        var row = Assert.Single(Read("\n" + line));
        Assert.Equal(2, row.Line);
        Assert.Equal([new PromptMessage("system", "s"), new PromptMessage("user", "aé")], row.Messages);
        Assert.Equal(line, row.Item.GetRawText());
    }

    [Theory]
    [InlineData("""[{"type":"function","function":{"name":"f"}}]""", true)]
    [InlineData("""["hammer","saw"]""", false)]
    [InlineData("""[{"name":"f"}]""", false)]
    [InlineData("[]", false)]
    [InlineData("null", false)]
    public void Tools_Column_AreFunctionsOrAColumnLikeOthers(string tools, bool areFunctions) =>
        Assert.Equal(areFunctions ? tools : null, Read($$"""{"messages":[{"role":"user","content":"a"}],"tools":{{tools}}}""").Single().Tools?.GetRawText());

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
