using System.Text;
using System.Text.Json.Nodes;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class StreamingDecoderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Append_BytesOfOneCharacter_HoldsThemBackUntilItIsWhole()
    {
        var tokenizer = BpeTrainer.Train([], 256, []);
        var decoder = new StreamingDecoder(tokenizer);
        Assert.Equal(["a", "", "", "", "😀", "", "é"], tokenizer.Encode("a😀é").Select(decoder.Append));
        Assert.Equal("", decoder.Flush());
        decoder.Append(tokenizer.Encode("é")[0]);
        Assert.Equal("\ufffdb", decoder.Append('b'));
        decoder.Append(tokenizer.Encode("é")[0]);
        Assert.Equal("", decoder.Append(99_999));
        Assert.Equal("\ufffd", decoder.Flush());
    }

    [Fact]
    public void Append_RunOfByteTokens_IsTextOnlyAsAWhole()
    {
        var tokenizer = WithByteFallback();
        int[] Bytes(params byte[] values) => [.. values.Select(value => tokenizer.TokenToId(BpeModel.ByteToken(value))!.Value)];
        var (word, a) = (tokenizer.TokenToId("▁a")!.Value, tokenizer.TokenToId("a")!.Value);
        Assert.Equal("a a", tokenizer.Decode([word, word]));
        Assert.Equal("é a", tokenizer.Decode([.. Bytes(0xC3, 0xA9), word]));
        Assert.Equal("\ufffd\ufffd\ufffda", tokenizer.Decode([.. Bytes(0xC3, 0xA9, 0xC3), a]));
        Assert.Equal("a\ufffd\ufffd", tokenizer.Decode([a, .. Bytes(0xE4, 0xBD)]));
        var decoder = new StreamingDecoder(tokenizer);
        Assert.Equal(["", "", "éa", " a"], new[] { Bytes(0xC3)[0], Bytes(0xA9)[0], a, word }.Select(decoder.Append));
        Assert.Equal([0xC3, (byte)' ', (byte)'a'], tokenizer.DecodeBytes([.. Bytes(0xC3), word]));
    }

    [Fact]
    public void Append_AnyIds_GivesTogetherWhatDecodeGives()
    {
        var random = new Random(7);
        foreach (var tokenizer in new[] { BpeTrainer.Train(["the cat, the hat"], 300, ["<eos>"]), WithByteFallback() })
            for (var round = 0; round < 300; round++)
            {
                int[] ids = [.. Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(-1, tokenizer.VocabSize + 1))];
                var decoder = new StreamingDecoder(tokenizer);
                var text = new StringBuilder();
                foreach (var id in ids) text.Append(decoder.Append(id));
                Assert.Equal(tokenizer.Decode(ids), text.Append(decoder.Flush()).ToString());
            }
    }

    /// <summary>▁, a, ▁a and the tokens of all bytes, decoded as Llama 2's are.</summary>
    private BpeTokenizer WithByteFallback()
    {
        var vocabulary = new JsonObject { ["▁"] = 0, ["a"] = 1, ["▁a"] = 2 };
        for (var value = 0; value < 256; value++) vocabulary[BpeModel.ByteToken((byte)value)] = vocabulary.Count;
        File.WriteAllText(folder.File("tokenizer.json"), new JsonObject
        {
            ["decoder"] = JsonNode.Parse("""
                {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}
                """),
            ["model"] = new JsonObject { ["type"] = "BPE", ["byte_fallback"] = true, ["vocab"] = vocabulary, ["merges"] = new JsonArray("▁ a") },
        }.ToJsonString());
        return BpeTokenizer.Load(folder.Path);
    }
}
