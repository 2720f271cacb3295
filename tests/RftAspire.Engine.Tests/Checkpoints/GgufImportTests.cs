using System.Text.Json.Nodes;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Checkpoints.Gguf;
using RftAspire.Engine.Model;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Checkpoints;

public sealed class GgufImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SharedDataTheory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void ImportGguf_GoldenModelInF32_IsTheOriginal(string model)
    {
        using var original = CheckpointFolder.Load(Path.Combine(SharedData.Root!, "golden", model));
        using var imported = Import(GgufWriter.Of(original));
        Assert.Equal(original.ToWeights(), imported.ToWeights());
        Assert.Equal(CheckpointFolder.WeightsDigest(original), CheckpointFolder.WeightsDigest(imported));
        var (expected, actual) = (original.Layout.Config, imported.Layout.Config);
        Assert.Equal(expected with { BosTokenId = null, EosTokenIds = [] }, actual with { EosTokenIds = [] }, SameArchitecture);
    }

    [Theory]
    [InlineData(GgufType.F16, 1 / 2048.0)]
    [InlineData(GgufType.BF16, 1 / 256.0)]
    public void ImportGguf_SixteenBits_RoundsEachValueOnce(GgufType type, double relative)
    {
        using var original = Tiny("llama");
        using var imported = Import(GgufWriter.Of(original, type));
        foreach (var (name, values) in original.ToWeights())
            Assert.All(values.Zip(imported.ToWeights()[name]), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, Math.Max(relative * Math.Abs(pair.First), 1e-7)));
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void ImportGguf_Q8_IsWithinHalfAStepOfEachBlock(string model)
    {
        using var original = Tiny(model);
        using var imported = Import(GgufWriter.Of(original, GgufType.Q8));
        foreach (var tensor in original.Layout.Tensors)
        {
            float[] before = original.Tensor(tensor).ToArray(), after = imported.Tensor(tensor).ToArray();
            if (!tensor.IsMatrix) Assert.Equal(before, after);
            else Assert.All(before.Chunk(32).Zip(after.Chunk(32)), block =>
            {
                // Half of a step, and what rounding the step itself to 16 bits moves 127 of them.
                var step = block.First.Max(Math.Abs) / 127.0;
                Assert.All(block.First.Zip(block.Second), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, step * (0.5 + 127.0 / 2048 + 1e-3)));
            });
        }
    }

    [Fact]
    public void ImportGguf_Version2WithWiderAlignment_IsRead()
    {
        using var original = Tiny("qwen3");
        var source = GgufWriter.Of(original);
        source.Metadata["general.alignment"] = 64u;
        var writer = new GgufWriter { Version = 2, Alignment = 64 };
        foreach (var (key, value) in source.Metadata) writer.Metadata[key] = value;
        writer.Tensors.AddRange(source.Tensors);
        using var imported = Import(writer);
        Assert.Equal(original.ToWeights(), imported.ToWeights());
    }

    [Fact]
    public void ImportGguf_Scaling_IsThatOfTheMetadata()
    {
        using var original = Tiny("llama");
        var writer = GgufWriter.Of(original);
        (writer.Metadata["llama.rope.scaling.type"], writer.Metadata["llama.rope.scaling.factor"]) = ("yarn", 4f);
        writer.Metadata["llama.rope.scaling.original_context_length"] = 128u;
        using (var yarn = Import(writer)) Assert.Equal(new YarnRopeScaling(4, 128), yarn.Layout.Config.RopeScaling);
        writer.Metadata["llama.rope.scaling.type"] = "linear";
        using (var linear = Import(writer)) Assert.Equal(new LinearRopeScaling(4), linear.Layout.Config.RopeScaling);
        writer.Metadata["llama.rope.scaling.type"] = "longrope";
        Assert.Contains("none, linear or yarn", FaultOf(writer), StringComparison.Ordinal);
    }

    [Fact]
    public void ImportGguf_LlamaWithWindow_IsAMistral()
    {
        using var original = Tiny("llama");
        var writer = GgufWriter.Of(original);
        writer.Metadata["llama.attention.sliding_window"] = 64u;
        using var imported = Import(writer);
        Assert.Equal(("mistral", 64), (imported.Layout.Config.ModelType, imported.Layout.Config.SlidingWindow));
        Assert.Equal(original.ToWeights(), imported.ToWeights());
    }

    [Fact]
    public void ImportGguf_FrequencyFactorsOfLlama3_GiveItsScaling()
    {
        using var original = Tiny("llama");
        var config = original.Layout.Config;
        var scaled = config with { RopeScaling = new Llama3RopeScaling(8, 1, 4, 8192) };
        var writer = GgufWriter.Of(original);
        float[] factors = [.. Enumerable.Range(0, config.HeadDim / 2).Select(i => (float)(config.RotaryFrequency(i) / scaled.RotaryFrequency(i)))];
        writer.Tensors.Add(("rope_freqs.weight", 0, [factors.Length], factors));
        using (var imported = Import(writer)) Assert.Equal(scaled.RopeScaling, imported.Layout.Config.RopeScaling);
        factors[^2] *= 0.9f;
        Assert.Contains("'rope_freqs.weight'", FaultOf(writer), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("general.architecture", "falcon", "llama or qwen2 or qwen3")]
    [InlineData("llama.attention.head_count", "four", "an integer")]
    [InlineData("llama.expert_count", 8u, "no experts")]
    [InlineData("split.count", 3u, "one file")]
    [InlineData("llama.rope.dimension_count", 8u, "expected 16")]
    [InlineData("llama.block_count", 3u, "'blk.2.attn_norm.weight' is missing")]
    [InlineData("llama.block_count", 1u, "unexpected tensor")]
    [InlineData("llama.feed_forward_length", 64u, "the metadata ask for")]
    [InlineData("llama.context_length", 0u, "max_position_embeddings")]
    [InlineData("tokenizer.ggml.model", "llama", "give a folder with the model's tokenizer.json")]
    [InlineData("general.alignment", 12u, "multiples of 8")]
    public void ImportGguf_MetadataUnlikeTheEngine_NamesKeyAndFix(string key, object value, string expected)
    {
        using var original = Tiny("llama");
        var writer = GgufWriter.Of(original);
        writer.Metadata[key] = value;
        var fault = FaultOf(writer);
        Assert.StartsWith(_folder.File("model.gguf"), fault, StringComparison.Ordinal);
        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData(12u, "Q4_K")]
    [InlineData(77u, "type 77")]
    public void Open_TypeThatIsNotRead_NamesTensorAndTypes(uint type, string expected)
    {
        var writer = new GgufWriter();
        writer.Tensors.Add(("blk.0.attn_q.weight", type, [1, 256], new float[256]));
        var fault = FaultOf(writer);
        Assert.Contains($"'blk.0.attn_q.weight' is {expected}: F32, F16, BF16 and Q8_0 are supported", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GGML", "does not begin")]
    [InlineData("GGUF\u0001\0\0\0", "version 1")]
    [InlineData("GGUF\0\0\0\u0003", "little-endian")]
    [InlineData("GGUF\u0003\0\0\0\u0001\0\0", "the file ends within the number of tensors")]
    [InlineData("GGUF\u0003\0\0\0\u0001\0\0\0\0\0\0\0\u0001", "the number of tensors = 1 exceeds")]
    [InlineData("GGUF\u0003\0\0\0\0\0\0\0\0\0\0\u0010\0\0\0\0\0\0\0\0", "the number of tensors")]
    [InlineData("", "does not begin")]
    public void Open_NoGguf_SaysWhat(string bytes, string expected)
    {
        File.WriteAllText(_folder.File("x.gguf"), bytes, System.Text.Encoding.Latin1);
        Assert.Contains(expected, Assert.Throws<CheckpointException>(() => GgufFile.Open(_folder.File("x.gguf"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ImportGguf_RandomMutations_ThrowNothingButCheckpointException()
    {
        using var original = TinyModels.Random(TinyModels.Config("qwen2") with { HiddenSize = 32, IntermediateSize = 32, HeadDim = 8, VocabSize = 3, Layers = 1 });
        var writer = GgufWriter.Of(original, GgufType.Q8);
        writer.Metadata["tokenizer.ggml.scores"] = new[] { 1f, 2f };
        writer.Metadata["tokenizer.ggml.names"] = new[] { "a", "b" };
        var bytes = writer.ToBytes();
        var random = new Random(5);
        var refused = 0;
        for (var round = 0; round < 1500; round++)
        {
            // Three rounds of four damage the head, where the structure is.
            var mutated = round % 4 == 0 ? Mutation.Of(bytes, random) : [.. Mutation.Of(bytes[..3000], random), .. bytes[3000..]];
            File.WriteAllBytes(_folder.File("mutated.gguf"), mutated);
            try
            {
                using var file = GgufFile.Open(_folder.File("mutated.gguf"));
                new GgufModel(file).Load().Dispose();
            }
            catch (CheckpointException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 500, 1499);
    }

    [SharedDataFact]
    public void ImportGguf_TokenizerOfGpt2_EncodesAsTheOriginal()
    {
        using var original = TinyModels.Random(TinyModels.Config("qwen3", hidden: 32, vocabulary: 50257));
        var writer = GgufWriter.Of(original, GgufType.F16);
        using (var vocabulary = GgufFile.Open(Path.Combine(SharedData.Root!, "data/tokenizers/gpt2/ggml-vocab-gpt-2.gguf")))
            foreach (var (key, value) in vocabulary.Metadata.Where(entry => entry.Key.StartsWith("tokenizer.", StringComparison.Ordinal)))
                writer.Metadata[key] = value switch { long number => (uint)number, long[] numbers => Array.ConvertAll(numbers, number => (int)number), _ => value };
        writer.Metadata["tokenizer.chat_template"] = "{{ messages[0].content }}{{ eos_token }}";
        using var imported = Import(writer);

        Assert.Equal([50256], imported.Layout.Config.EosTokenIds);
        var encoder = PromptEncoder.Load(_folder.File("model"), imported.Layout.Config);
        Assert.Equal(50256, encoder.Encode([("user", "Hello")])[^1]);
        var cases = File.ReadLines(Path.Combine(SharedData.Root!, "data/tokenizers/ggml-tests/gpt-2.cases.jsonl")).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.True(cases.Count > 40);
        Assert.All(cases, example => Assert.Equal(example["ids"]!.AsArray().Select(id => (int)id!), encoder.Tokenizer.Encode((string)example["text"]!)));
    }

    [Theory]
    [InlineData("llama-bpe", "12345", 2)]
    [InlineData("smollm", "12345", 5)]
    [InlineData("qwen2", "12345", 5)]
    [InlineData("gpt-2", "12345", 1)]
    public void ImportGguf_Pre_SaysHowDigitsAreSplit(string pre, string text, int expected)
    {
        using var original = Tiny("llama");
        var writer = GgufWriter.Of(original);
        var tokens = Enumerable.Range(0, 256).Select(value => BpeAlphabet((byte)value)).Concat(["12", "123", "45", "12345", "<|end|>", "[PAD261]"]).ToArray();
        (writer.Metadata["tokenizer.ggml.model"], writer.Metadata["tokenizer.ggml.pre"]) = ("gpt2", pre);
        writer.Metadata["tokenizer.ggml.tokens"] = tokens;
        writer.Metadata["tokenizer.ggml.token_type"] = tokens.Select(token => token[0] == '<' && token.Length > 1 ? 3 : token[0] == '[' && token.Length > 1 ? 5 : 1).ToArray();
        writer.Metadata["tokenizer.ggml.merges"] = new[] { "1 2", "12 3", "4 5", "123 45" };
        writer.Metadata["tokenizer.ggml.eos_token_id"] = 260u;
        using var imported = Import(writer);
        var tokenizer = BpeTokenizer.Load(_folder.File("model"));
        Assert.Equal(expected, tokenizer.Encode(text).Length);
        Assert.Equal([260], tokenizer.Encode("<|end|>", allowSpecial: true));
        Assert.DoesNotContain(261, tokenizer.Encode("[PAD261]"));
    }

    [Fact]
    public void ImportGguf_TokenizerGiven_IsTakenInstead()
    {
        using var original = Tiny("llama");
        var writer = GgufWriter.Of(original);
        writer.Metadata["tokenizer.ggml.model"] = "llama";
        Directory.CreateDirectory(_folder.File("own"));
        File.WriteAllText(_folder.File("own/tokenizer.json"), "{}");
        Import(writer, _folder.File("own")).Dispose();
        Assert.Equal("{}", File.ReadAllText(_folder.File("model/tokenizer.json")));
    }

    /// <summary>Rows are whole blocks of 32.</summary>
    private static Parameters Tiny(string type) =>
        TinyModels.Random(TinyModels.Config(type, hidden: 64, vocabulary: 300) with { IntermediateSize = 96, HeadDim = 16 });

    private Parameters Import(GgufWriter writer, string? tokenizerFrom = null)
    {
        File.WriteAllBytes(_folder.File("model.gguf"), writer.ToBytes());
        using var file = GgufFile.Open(_folder.File("model.gguf"));
        CheckpointFolder.ImportGguf(file, _folder.File("model"), DType.F32, tokenizerFrom);
        return CheckpointFolder.Load(_folder.File("model"));
    }

    /// <summary>As JSON, since lists in records are compared by reference. The file has no tokenizer, hence no end tokens.</summary>
    private static bool SameArchitecture(ModelConfig left, ModelConfig right) => left.ToJson() == right.ToJson();

    private string FaultOf(GgufWriter writer) => Assert.Throws<CheckpointException>(() => Import(writer)).Message;

    /// <summary>GPT-2's spelling of a byte: printable ones as they are, the others from U+0100 on.</summary>
    private static string BpeAlphabet(byte value)
    {
        static bool Printable(int v) => v is >= '!' and <= '~' or >= 0xa1 and <= 0xac or >= 0xae and <= 0xff;
        return Printable(value) ? $"{(char)value}" : $"{(char)(0x100 + Enumerable.Range(0, value).Count(v => !Printable(v)))}";
    }
}
