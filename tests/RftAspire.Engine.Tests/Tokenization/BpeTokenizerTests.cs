using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class BpeTokenizerTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SharedDataTheory]
    [InlineData("gpt2", "gpt-2", 50_257)]
    [InlineData("qwen2", "qwen2", 151_646)]
    public void Encode_PublishedCases_GivesTheirIdsAndTextBack(string model, string cases, int size)
    {
        var root = Path.Combine(SharedData.Root!, "data", "tokenizers");
        var tokenizer = BpeTokenizer.Load(Path.Combine(root, model));
        Assert.Equal(size, tokenizer.VocabSize);
        var lines = File.ReadAllLines(Path.Combine(root, "ggml-tests", $"{cases}.cases.jsonl"));
        Assert.Equal(47, lines.Length);
        foreach (var line in lines)
        {
            var item = JsonNode.Parse(line)!;
            var text = (string)item["text"]!;
            Assert.Equal(item["ids"]!.AsArray().Select(id => (int)id!), tokenizer.Encode(text));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }
    }

    [SharedDataTheory]
    [InlineData("gpt2")]
    [InlineData("qwen2")]
    public void Save_PublishedTokenizer_EncodesTheSameAfterLoading(string model)
    {
        var original = BpeTokenizer.Load(Path.Combine(SharedData.Root!, "data", "tokenizers", model));
        original.Save(folder.Path);
        var loaded = BpeTokenizer.Load(folder.Path);
        foreach (var text in new[] { "Hello, y'all! A\u0308 \U0001D400\U0001D7D9 12345 \n\n x<|endoftext|>", "don't   stop\t\r\n" })
            Assert.Equal(original.Encode(text, allowSpecial: true), loaded.Encode(text, allowSpecial: true));
    }

    [Fact]
    public void Decode_OfEncode_IsTheText()
    {
        var tokenizer = Tokenizer("a b", "Ġ a");
        Prop.ForAll(Texts, text => tokenizer.Decode(tokenizer.Encode(text)) == text
            && tokenizer.Decode(tokenizer.Encode(text, allowSpecial: true)) == text).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Encode_LoneSurrogate_BecomesTheReplacementCharacter() =>
        Assert.Equal("a\ufffdb\ufffd", Tiny().Decode(Tiny().Encode("a\ud800b\udc00")));

    [Fact]
    public void Encode_AstralLettersAndDigits_SplitAsLettersAndDigits()
    {
        var text = "a\U0001D400b \U00010380x\U0001D7D912 \U0001F600!";
        var ranges = new List<(int Start, int End)>();
        new SplitRule(SplitRule.WordPattern).Split(text, 0, text.Length, ranges);
        var pieces = ranges.Select(piece => text[piece.Start..piece.End]);
        Assert.Equal(["a\U0001D400b", " \U00010380x", "\U0001D7D912", " \U0001F600!"], pieces);
    }

    [Fact]
    public void Encode_SpecialTokenInText_CountsOnlyWhereAllowed()
    {
        var tokenizer = Tiny();
        Assert.Equal([1, 'a' + 4, 0], tokenizer.Encode("<eos>a<s>", allowSpecial: true));
        Assert.DoesNotContain(1, tokenizer.Encode("<eos>a<s>"));
        Assert.Equal("<eos>a<s>", tokenizer.Decode(tokenizer.Encode("<eos>a<s>")));
    }

    [Fact]
    public void Encode_OverlappingAddedTokens_TakesTheLongest()
    {
        var tokenizer = Tiny();
        Assert.Equal([3], tokenizer.Encode("<<tag>>"));
        Assert.Equal([2, 'x' + 4], tokenizer.Encode("<<tagx"));
    }

    [Fact]
    public void Encode_LowestRankFirst_NotLongestToken()
    {
        // "bc" has the better rank, so "abc" becomes a + bc although "ab" is a token too.
        Assert.Equal(["a", "bc"], Tokens("abc", "b c", "a b"));
        Assert.Equal(["aa", "a"], Tokens("aaa", "a a"));
        Assert.Equal(["abab", "ab", "x"], Tokens("abababx", "a b", "ab ab"));
    }

    [Theory]
    [InlineData('a')] // one word, all of it equal pairs
    [InlineData(' ')]
    [InlineData('<')] // where added tokens begin
    public void Encode_OneMillionOfOneCharacter_MergesInTime(char c)
    {
        var tokenizer = Tokenizer("a a", "aa aa", "Ġ Ġ", "ĠĠ ĠĠ", "< <", "<< <<");
        var watch = Stopwatch.StartNew();
        Assert.Equal(1 << 18, tokenizer.Encode(new string(c, 1 << 20)).Length);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"took {watch.Elapsed}");
    }

    [Fact]
    public void Encode_ShortAndLongPieces_MergeAsTheDefinitionSays()
    {
        string[] merges = ["b c", "a b", "a a", "aa a", "ab c", "bc bc", "c a", "aa aa"];
        var (tokenizer, random) = (Tokenizer(merges), new Random(11));
        for (var length = 1; length < 200; length++)
        {
            var text = new string([.. Enumerable.Range(0, length).Select(_ => "abc"[random.Next(3)])]);
            Assert.Equal(NaiveMerge(text, merges), tokenizer.Encode(text).Select(tokenizer.IdToToken));
        }
    }

    /// <summary>The pair of the best rank, the leftmost of them, again and again.</summary>
    private static List<string> NaiveMerge(string text, string[] merges)
    {
        var parts = text.Select(c => c.ToString()).ToList();
        while (true)
        {
            var ranked = Enumerable.Range(0, parts.Count - 1).Select(at => (Rank: Array.IndexOf(merges, $"{parts[at]} {parts[at + 1]}"), At: at)).Where(pair => pair.Rank >= 0).ToList();
            if (ranked.Count == 0) return parts;
            var best = ranked.Min().At;
            parts[best] += parts[best + 1];
            parts.RemoveAt(best + 1);
        }
    }

    [Fact]
    public void Encode_TextOfTheNormalizedForm_ComposesFirst()
    {
        var json = TinyJson();
        json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"NFC"}]}""");
        Assert.Equal("\u00c4", Load(json).Decode(Load(json).Encode("A\u0308")));
    }

    [Fact]
    public void Encode_FromManyThreads_IsTheSame()
    {
        var tokenizer = Tiny();
        var expected = tokenizer.Encode("one two three four five");
        Parallel.For(0, 200, _ => Assert.Equal(expected, tokenizer.Encode("one two three four five")));
    }

    [Fact]
    public void Decode_CutCharacterOrUnknownId_IsReplacedOrLeftOut()
    {
        var tokenizer = Tiny();
        var ids = tokenizer.Encode("é");
        Assert.Equal("\ufffd", tokenizer.Decode([ids[0]]));
        Assert.Equal("é", tokenizer.Decode([9999, ids[0], -1, ids[1]]));
        Assert.Equal([0xC3], tokenizer.DecodeBytes([ids[0]]));
    }

    [Fact]
    public void TokenToId_AndBack_KnowVocabularyAndAddedTokens()
    {
        var tokenizer = Tiny();
        Assert.Equal(1, tokenizer.TokenToId("<eos>"));
        Assert.Equal("Ġ", tokenizer.IdToToken(tokenizer.TokenToId("Ġ")!.Value));
        Assert.Null(tokenizer.TokenToId("absent"));
        Assert.Null(tokenizer.IdToToken(tokenizer.VocabSize));
    }

    [Fact]
    public void Load_AddPrefixSpace_GoesBeforeTheFirstWord()
    {
        var json = TinyJson();
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":true}""");
        Assert.Equal(" a", Load(json).Decode(Load(json).Encode("a")));
        Load(json).Save(folder.Path);
        Assert.Equal(" a", BpeTokenizer.Load(folder.Path).Decode(Load(json).Encode("a")));
    }

    [Theory]
    [InlineData("truncate", "1", "truncate is not supported: 1")]
    [InlineData("version", "\"2.0\"", "version is not supported")]
    [InlineData("normalizer", """{"type":"Nmt"}""", "normalizer.type is not supported")]
    [InlineData("normalizer", """{"type":"NFC","strict":true}""", "normalizer.strict is not supported: true")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Precompiled"}]}""", "normalizer.normalizers[1].type is not supported")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"a(?"},"content":""}""", "normalizer.pattern.Regex holds what is not supported")]
    [InlineData("normalizer", """{"type":"Prepend"}""", "normalizer has no 'prepend'")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","prepend_scheme":"last"}""", "pre_tokenizer.prepend_scheme is not supported")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"__"}""", "pre_tokenizer.replacement is not one character")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a"},"behavior":"Joined"},{"type":"ByteLevel"}]}""", "pretokenizers[0].behavior is not supported")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\bx"},"behavior":"Isolated"},{"type":"ByteLevel"}]}""", @"'\b' at character 1")]
    [InlineData("pre_tokenizer", """{"type":"BertPreTokenizer"}""", "pre_tokenizer.type is not supported")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}""", "post_processor.single[0]")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}}],"pair":[],"special_tokens":{}}""", "post_processor.special_tokens has no '<s>'")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{"x":{"id":"x","ids":[999],"tokens":["x"]}}}""", "id 999, which is no token")]
    [InlineData("decoder", """{"type":"WordPiece"}""", "decoder.type is not supported")]
    [InlineData("decoder", """{"type":"Sequence","decoders":[{"type":"ByteFallback"},{"type":"Replace","pattern":{"String":"a"},"content":"b"}]}""", "decoder.decoders[1] is not supported after ByteFallback")]
    [InlineData("decoder", """{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":1}]}""", "decoder.decoders[1].stop is not supported")]
    [InlineData("model", """{"type":"Unigram","vocab":[]}""", "model.type is not supported")]
    [InlineData("model", """{"type":"BPE","vocab":{"a":9},"merges":[]}""", "byte-level alphabet")]
    [InlineData("model", """{"type":"BPE","end_of_word_suffix":"</w>"}""", "model.end_of_word_suffix is not supported")]
    [InlineData("model", """{"type":"BPE","dropout":0.1}""", "model.dropout is not supported")]
    [InlineData("added_tokens", """[{"id":1,"content":"x","strip":true}]""", "added_tokens[0].strip is not supported")]
    [InlineData("added_tokens", """[{"id":5,"content":"<new>"}]""", "id 5 belongs to both")]
    [InlineData("added_tokens", """[{"id":-1,"content":"x"}]""", "-1")]
    [InlineData("added_tokens", """[{"id":1}]""", "added_tokens[0] has no 'content'")]
    public void Load_OutsideTheSupportedPart_NamesFileAndField(string field, string value, string expected)
    {
        var json = TinyJson();
        json[field] = JsonNode.Parse(value);
        var fault = Assert.Throws<CheckpointException>(() => Load(json));
        Assert.StartsWith(folder.File("tokenizer.json"), fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_MergesAsPairsOrStrings_AreTheSame()
    {
        var json = TinyJson("a b", "ab c");
        json["model"]!["merges"] = JsonNode.Parse("""[["a","b"],["ab","c"]]""");
        Assert.Equal(Tokenizer("a b", "ab c").Encode("abcab"), Load(json).Encode("abcab"));
    }

    [Fact]
    public void Load_EmptyFolderOrUnknownFamily_SaysWhatIsMissing()
    {
        Assert.Contains("vocab.json", Assert.Throws<CheckpointException>(() => BpeTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("vocab.json"), "{}");
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"tokenizer_class":"BloomTokenizer"}""");
        Assert.Contains("BloomTokenizer", Assert.Throws<CheckpointException>(() => BpeTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_RandomMutations_ThrowNothingButCheckpointException()
    {
        var json = TinyJson("a b", "ab c");
        json["normalizer"] = JsonNode.Parse("""{"type":"Sequence","normalizers":[{"type":"NFKC"},{"type":"Replace","pattern":{"Regex":"a{2,3}|(?!b)[^c]"},"content":"x"}]}""");
        json["pre_tokenizer"] = JsonNode.Parse("""{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(?i:'s)|\\s+(?!\\S)"},"behavior":"Isolated","invert":false},{"type":"ByteLevel"}]}""");
        json["post_processor"] = JsonNode.Parse("""{"type":"RobertaProcessing","sep":["<s>",0],"cls":["<eos>",1],"trim_offsets":true,"add_prefix_space":false}""");
        // The vocabulary goes last, so that most edits fall on what is above it.
        var model = json["model"];
        json.Remove("model");
        json["model"] = model;
        var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
        var random = new Random(3);
        for (var round = 0; round < 300; round++)
        {
            var mutated = (byte[])bytes.Clone();
            for (var edits = 0; edits < 3; edits++) mutated[random.Next(edits == 0 ? mutated.Length : 900)] = (byte)"0129{}[]\",:\\an"[random.Next(14)];
            File.WriteAllBytes(folder.File("tokenizer.json"), mutated);
            try
            {
                BpeTokenizer.Load(folder.Path).Encode("it's  a<eos>", allowSpecial: true, addSpecial: true);
            }
            catch (CheckpointException)
            {
                // Refused, as it should be.
            }
        }
    }

    /// <summary>Any text without lone surrogates, of all planes, rich in spaces, marks and the tiny tokenizer's special tokens.</summary>
    private static Arbitrary<string> Texts => Gen.OneOf(
            Gen.Choose(0, 0x10FFFF).Where(Rune.IsValid).Select(point => new Rune(point).ToString()),
            Gen.Choose(' ', '~').Select(c => ((char)c).ToString()),
            Gen.Choose(0x1F300, 0x1FAFF).Select(char.ConvertFromUtf32),
            Gen.Elements(" ", "\n", "\t ", "'s", "<eos>", "<<tag", "A\u0308", "\U0001D400", "\U0001D7D9"))
        .ListOf().Select(string.Concat).ToArbitrary();

    private IEnumerable<string?> Tokens(string text, params string[] merges)
    {
        var tokenizer = Tokenizer(merges);
        return tokenizer.Encode(text).Select(tokenizer.IdToToken);
    }

    private BpeTokenizer Tiny() => Tokenizer();

    private BpeTokenizer Tokenizer(params string[] merges) => Load(TinyJson(merges));

    private BpeTokenizer Load(JsonObject json)
    {
        File.WriteAllText(folder.File("tokenizer.json"), json.ToJsonString());
        return BpeTokenizer.Load(folder.Path);
    }

    /// <summary>Four added tokens, the 256 bytes in order of their value from id 4, then the results of the merges.</summary>
    private static JsonObject TinyJson(params string[] merges)
    {
        string[] added = ["<s>", "<eos>", "<<tag", "<<tag>>"];
        var vocabulary = new JsonObject();
        foreach (var token in added.Concat(Enumerable.Range(0, 256).Select(value => ByteAlphabet.Char((byte)value).ToString()))
            .Concat(merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)))) vocabulary[token] = vocabulary.Count;
        return new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. added.Select((token, id) =>
                (JsonNode)new JsonObject { ["id"] = id, ["content"] = token, ["special"] = id < 2 })]),
            ["pre_tokenizer"] = JsonNode.Parse("""{"type":"ByteLevel","add_prefix_space":false}"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
    }
}
