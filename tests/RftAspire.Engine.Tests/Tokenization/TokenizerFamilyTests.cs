using System.Text.Json.Nodes;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

/// <summary>tokenizer.json in the shapes that families of checkpoints have, over vocabularies small enough to merge by hand.</summary>
public sealed class TokenizerFamilyTests : IDisposable
{
    private const string LlamaNormalizer =
        """{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}""";

    private const string LlamaDecoder =
        """{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}""";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Encode_Llama3_SplitsByThreesAndTakesWholePieces()
    {
        // "abc" cannot be merged (b c has no rank) but is in the vocabulary, which ignore_merges prefers.
        var json = ByteLevel("""
            {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+"},"behavior":"Isolated","invert":false},
             {"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
            """, ["1 2", "12 3", "a b"], "abc");
        json["model"]!["ignore_merges"] = true;
        json["post_processor"] = JsonNode.Parse("""
            {"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true},
             {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],
              "special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}}]}
            """);
        var tokenizer = Load(json);
        Assert.Equal("123|12|abc|Ġ|ab", Tokens(tokenizer, "12312abc ab"));
        Assert.Equal([0, .. tokenizer.Encode("ab")], tokenizer.Encode("ab", addSpecial: true));
        Assert.Equal([0], tokenizer.BeginningTokens);
        Assert.Empty(tokenizer.EndTokens);
        json["model"]!["ignore_merges"] = false;
        Assert.Equal("ab|c", Tokens(Load(json), "abc"));
    }

    [Theory]
    // SmolLM2: digits one by one before the words of GPT-2.
    [InlineData("""[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false}]""", "ab 12", "ab|Ġ|1|2")]
    [InlineData("""[{"type":"Digits","individual_digits":false},{"type":"ByteLevel","add_prefix_space":false}]""", "ab 12", "ab|Ġ|12")]
    // DeepSeek: a list of splits, each of what the one before left.
    [InlineData("""
        [{"type":"Split","pattern":{"Regex":"[\\r\\n]"},"behavior":"Isolated","invert":false},{"type":"Split","pattern":{"Regex":"\\s?\\p{L}+"},"behavior":"Isolated","invert":false},
         {"type":"Split","pattern":{"Regex":"\\s?\\p{P}+"},"behavior":"Isolated","invert":false},{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]
        """, "ab ab!!12", "ab|Ġab|!!|1|2")]
    // Falcon: what follows ByteLevel sees its spelling.
    [InlineData("""
        [{"type":"Punctuation","behavior":"Contiguous"},{"type":"ByteLevel","add_prefix_space":false,"use_regex":true},{"type":"Digits","individual_digits":false},
         {"type":"Split","pattern":{"Regex":"[0-9][0-9][0-9]"},"behavior":"Isolated","invert":false}]
        """, "ab!! 12312", "ab|!!|Ġ|123|12")]
    [InlineData("""[{"type":"Punctuation"},{"type":"ByteLevel","add_prefix_space":true}]""", "ab!!", "Ġab|Ġ|!|Ġ|!")]
    [InlineData("""[{"type":"WhitespaceSplit"},{"type":"CharDelimiterSplit","delimiter":"!"},{"type":"ByteLevel","add_prefix_space":false}]""", "ab  12!ab", "ab|12|ab")]
    public void Encode_SequenceOfPreTokenizers_SplitsStepByStep(string steps, string text, string expected)
    {
        var json = ByteLevel($$"""{"type":"Sequence","pretokenizers":{{steps}}}""", ["a b", "Ġ ab", "1 2", "12 3", "! !"]);
        Assert.Equal(expected, Tokens(Load(json), text));
    }

    [Theory]
    [InlineData("""{"type":"NFC"}""", "A\u0308\ufb01", "\u00c4\ufb01")]
    [InlineData("""{"type":"NFD"}""", "\u00c4\ufb01", "A\u0308\ufb01")]
    [InlineData("""{"type":"NFKC"}""", "\ufb01A\u0308½", "fi\u00c41\u20442")]
    [InlineData("""{"type":"NFKD"}""", "\u00c4\u3000\uff21", "A\u0308 A")]
    [InlineData("""{"type":"Lowercase"}""", "ÀΣ\u0130x", "àσi\u0307x")]
    [InlineData("""{"type":"Sequence","normalizers":[{"type":"NFD"},{"type":"StripAccents"},{"type":"Strip","strip_left":true,"strip_right":false}]}""", "  \u00c4b ", "Ab ")]
    [InlineData("""{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"}""", "a   b c", "a_b c")]
    [InlineData("""{"type":"Prepend","prepend":"> "}""", "a", "> a")]
    public void Encode_Normalizer_ChangesTheTextFirst(string normalizer, string text, string expected)
    {
        var json = ByteLevel("""{"type":"ByteLevel","add_prefix_space":false}""", []);
        json["normalizer"] = JsonNode.Parse(normalizer);
        Assert.Equal(expected, Load(json).Decode(Load(json).Encode(text)));
    }

    [Theory]
    [InlineData("""{"single_word":true}""", "<t>a <t>!a<t>", "<|t|>|a|Ġ|<t>|!|a|<|t|>")] // touches a letter at both ends of the text
    [InlineData("""{"lstrip":true}""", "a \n<t> b", "a|<t>|Ġ|b")]
    [InlineData("""{"rstrip":true}""", "a <t> \n b", "a|Ġ|<t>|b")]
    [InlineData("""{"normalized":true}""", "a<T>b", "a|<t>|b")] // found in the normalized text
    [InlineData("""{"normalized":false}""", "<T><t>", "<|t|>|<t>")]
    public void Encode_AddedTokenFlags_DecideWhereItMatches(string flags, string text, string expected)
    {
        var json = ByteLevel("""{"type":"ByteLevel","add_prefix_space":false}""", []);
        json["normalizer"] = JsonNode.Parse("""{"type":"Lowercase"}""");
        var token = JsonNode.Parse(flags)!.AsObject();
        (token["id"], token["content"]) = (1000, "<t>");
        token["normalized"] ??= false;
        json["added_tokens"]!.AsArray().Add(token);
        Assert.Equal(expected, Tokens(Load(json), text));
    }

    [Fact]
    public void Encode_Llama2_FallsBackToBytes()
    {
        // Ranks: "▁ a" before "a b", so "▁ab" is ▁a + b, and then "▁a b" joins them.
        var tokenizer = Load(Characters(["▁ a", "a b", "▁a b", "▁ ▁"]));
        Assert.Equal("▁ab|▁ab", Tokens(tokenizer, "ab ab"));
        Assert.Equal("▁a|<0xC3>|<0xA9>|b|▁▁|▁|<0xF0>|<0x9F>|<0x98>|<0x80>", Tokens(tokenizer, "aéb   😀"));
        Assert.Equal("ab  aé😀\n", tokenizer.Decode(tokenizer.Encode("ab  aé😀\n")));
        Assert.Equal(" a", tokenizer.Decode(tokenizer.Encode(" a")));
        Assert.Empty(tokenizer.Encode(""));
    }

    [Theory]
    [InlineData(false, "▁|<unk>|<unk>|a|<unk>")]
    [InlineData(true, "▁|<unk>|a|<unk>")]
    public void Encode_WithoutByteFallback_GivesUnknownTokens(bool fuse, string expected)
    {
        var json = Characters([]);
        (json["model"]!["byte_fallback"], json["model"]!["fuse_unk"], json["model"]!["unk_token"]) = (false, fuse, "<unk>");
        Assert.Equal(expected, Tokens(Load(json), "éßaß"));
        json["model"]!["unk_token"] = null;
        Assert.Equal("▁|a", Tokens(Load(json), "éßaß"));
    }

    [Theory]
    [InlineData("always", true, "▁a|<s>|▁a|▁|b")]
    [InlineData("first", true, "▁a|<s>|a|▁|b")]
    [InlineData("never", true, "a|<s>|a|▁|b")]
    public void Encode_Metaspace_MarksWordsByItsScheme(string scheme, bool split, string expected)
    {
        var json = Characters(["▁ a", "a ▁"]);
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse($$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":{{(split ? "true" : "false")}}}""");
        json["decoder"] = JsonNode.Parse($$"""{"type":"Metaspace","replacement":"▁","prepend_scheme":"{{scheme}}","split":true}""");
        var tokenizer = Load(json);
        Assert.Equal(expected, Tokens(tokenizer, "a<s>a b"));
        // Decoding leaves out the first token's marks where encoding may have put one.
        Assert.Equal(scheme == "never" ? " a b" : "a b", tokenizer.Decode(tokenizer.Encode(" a b")));
    }

    [Theory]
    [InlineData("a b", "▁a|b")]
    [InlineData(" a b", "a|b")] // what stood first is gone, so nothing begins the text
    public void Encode_MetaspaceAfterARemovedStart_MarksNothing(string text, string expected)
    {
        var json = Characters(["▁ a"]);
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first"}]}""");
        Assert.Equal(expected, Tokens(Load(json), text));
    }

    [Fact]
    public void Encode_MetaspaceWithoutSplit_MergesOverWords()
    {
        var json = Characters(["a ▁", "a▁ b"]);
        json["normalizer"] = null;
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":false}""");
        Assert.Equal("a▁b", Tokens(Load(json), "a b"));
        // Without a pre-tokenizer the whole text is one piece as well.
        json["normalizer"] = JsonNode.Parse(LlamaNormalizer);
        json["pre_tokenizer"] = null;
        Assert.Equal("▁|a▁b", Tokens(Load(json), "a b"));
    }

    [Fact]
    public void Save_AnyFamily_EncodesTheSameAfterLoading()
    {
        var json = Characters(["▁ a", "a b"]);
        json["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id":999,"content":"<x>","lstrip":true,"special":false,"normalized":false}"""));
        var original = Load(json);
        original.Save(folder.Path);
        var loaded = BpeTokenizer.Load(folder.Path);
        foreach (var text in new[] { "ab a  b", "é <x>a" }) Assert.Equal(original.Encode(text, true, true), loaded.Encode(text, true, true));
        Assert.Equal(original.Decode(original.Encode("é ab")), loaded.Decode(loaded.Encode("é ab")));
    }

    [Theory]
    [InlineData("LlamaTokenizerFast", true, true, "0,5,1")]
    [InlineData("LlamaTokenizer", false, null, "5")]
    [InlineData("LlamaTokenizer", null, true, "0,5,1")]
    [InlineData("PreTrainedTokenizerFast", false, true, "0,5")]
    public void Load_AddBosTokenOfTheConfig_CountsForTheLlamaFamily(string type, bool? bos, bool? eos, string expected)
    {
        var json = Characters([]);
        json["normalizer"] = null;
        json["post_processor"] = JsonNode.Parse("""{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"<s>":{"id":"<s>","ids":[0],"tokens":["<s>"]}}}""");
        File.WriteAllText(folder.File("tokenizer_config.json"), new JsonObject
        {
            ["tokenizer_class"] = type,
            ["bos_token"] = "<s>",
            ["eos_token"] = new JsonObject { ["content"] = "</s>" },
            ["add_bos_token"] = bos,
            ["add_eos_token"] = eos,
        }.ToJsonString());
        Assert.Equal(expected, string.Join(',', Load(json).Encode("b", addSpecial: true)));
    }

    [Fact]
    public void Load_MergeOrUnknownTokenOutsideTheVocabulary_IsRefused()
    {
        var json = Characters([]);
        json["model"]!["unk_token"] = "<none>";
        Assert.Contains("'<none>' of model.unk_token", Assert.Throws<CheckpointException>(() => Load(json)).Message, StringComparison.Ordinal);
        json = Characters([]);
        json["model"]!["merges"] = new JsonArray("a q");
        Assert.Contains("'q' of a merge", Assert.Throws<CheckpointException>(() => Load(json)).Message, StringComparison.Ordinal);
    }

    private static string Tokens(BpeTokenizer tokenizer, string text) => string.Join('|', tokenizer.Encode(text, allowSpecial: true).Select(tokenizer.IdToToken));

    private BpeTokenizer Load(JsonObject json)
    {
        File.WriteAllText(folder.File("tokenizer.json"), json.ToJsonString());
        return BpeTokenizer.Load(folder.Path);
    }

    /// <summary>&lt;s&gt;, the 256 bytes, the results of the merges and further tokens.</summary>
    private static JsonObject ByteLevel(string preTokenizer, string[] merges, params string[] further)
    {
        var json = Make(["<s>", .. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Char((byte)value).ToString())], merges, further);
        json["pre_tokenizer"] = JsonNode.Parse(preTokenizer);
        return json;
    }

    /// <summary>&lt;s&gt;, &lt;/s&gt;, &lt;unk&gt;, ▁, a, b, the tokens of the 256 bytes and the results of the merges, with Llama 2's steps.</summary>
    private static JsonObject Characters(string[] merges)
    {
        var json = Make(["<s>", "</s>", "<unk>", "▁", "a", "b", .. Enumerable.Range(0, 256).Select(value => BpeModel.ByteToken((byte)value))], merges, []);
        (json["model"]!["byte_fallback"], json["normalizer"], json["decoder"]) = (true, JsonNode.Parse(LlamaNormalizer), JsonNode.Parse(LlamaDecoder));
        return json;
    }

    private static JsonObject Make(string[] tokens, string[] merges, string[] further)
    {
        var vocabulary = new JsonObject();
        foreach (var token in tokens.Concat(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))).Concat(further)) vocabulary[token] = vocabulary.Count;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray(new JsonObject { ["id"] = 0, ["content"] = "<s>", ["special"] = true }),
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]) },
        };
    }
}
