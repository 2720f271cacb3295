using System.Text;
using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

/// <summary>The architecture of a decoder of the Llama, Qwen2 or Qwen3 family, as in a Hugging Face config.json.</summary>
public sealed record ModelConfig
{
    /// <summary>llama, qwen2 or qwen3.</summary>
    public required string ModelType { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int Layers { get; init; }
    public required int Heads { get; init; }
    public required int KvHeads { get; init; }
    public required int HeadDim { get; init; }
    public required int VocabSize { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public double RopeTheta { get; init; } = 10_000;
    public bool TieWordEmbeddings { get; init; }
    public int MaxPositionEmbeddings { get; init; } = 2048;
    public int? BosTokenId { get; init; }
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Biases on the query, key and value projections (Qwen2).</summary>
    public bool QkvBias => ModelType == "qwen2";
    /// <summary>An RMSNorm on every query and key head (Qwen3).</summary>
    public bool QkNorm => ModelType == "qwen3";

    /// <exception cref="CheckpointException">The file is malformed or describes a model that the engine does not have.</exception>
    public static ModelConfig Load(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path), path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Reads the text of a config.json; errors name it <paramref name="file"/>.</summary>
    public static ModelConfig Parse(string json, string file = "config.json")
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var config = new ModelConfigReader(file, document.RootElement).Read();
            config.Check(file);
            return config;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(file, $"is no valid JSON: {fault.Message}", fault);
        }
    }

    /// <summary>Refuses sizes that no transformer can have or that the engine does not support.</summary>
    public void Check(string file = "config.json")
    {
        if (ModelType is not ("llama" or "qwen2" or "qwen3")) throw Fault(file, "model_type", ModelType, "llama, qwen2 and qwen3");
        Range(file, "hidden_size", HiddenSize, 1, 1 << 16);
        Range(file, "intermediate_size", IntermediateSize, 1, 1 << 18);
        Range(file, "num_hidden_layers", Layers, 1, 512);
        Range(file, "num_attention_heads", Heads, 1, 1024);
        Range(file, "num_key_value_heads", KvHeads, 1, Heads);
        Range(file, "head_dim", HeadDim, 2, 1024);
        Range(file, "vocab_size", VocabSize, 1, 1 << 22);
        Range(file, "max_position_embeddings", MaxPositionEmbeddings, 1, 1 << 24);
        if (Heads % KvHeads != 0) throw Fault(file, "num_key_value_heads", KvHeads, $"divisors of num_attention_heads = {Heads}");
        if (HeadDim % 2 != 0) throw Fault(file, "head_dim", HeadDim, "even numbers");
        if (!(RmsNormEps is > 0 and < 1)) throw Fault(file, "rms_norm_eps", RmsNormEps, "numbers between 0 and 1");
        if (!(RopeTheta is >= 1 and <= 1e12)) throw Fault(file, "rope_theta", RopeTheta, "numbers from 1 to 1e12");
        if (BosTokenId is { } bos) Range(file, "bos_token_id", bos, 0, VocabSize - 1);
        foreach (var eos in EosTokenIds) Range(file, "eos_token_id", eos, 0, VocabSize - 1);
    }

    /// <summary>A config.json that Hugging Face libraries read as the same model.</summary>
    public string ToJson(DType storedAs = DType.F32)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n" })) Write(json, storedAs);
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private void Write(Utf8JsonWriter json, DType storedAs)
    {
        json.WriteStartObject();
        json.WriteStartArray("architectures");
        json.WriteStringValue($"{char.ToUpperInvariant(ModelType[0])}{ModelType[1..]}ForCausalLM");
        json.WriteEndArray();
        json.WriteString("model_type", ModelType);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("hidden_size", HiddenSize);
        json.WriteNumber("intermediate_size", IntermediateSize);
        json.WriteNumber("num_hidden_layers", Layers);
        json.WriteNumber("num_attention_heads", Heads);
        json.WriteNumber("num_key_value_heads", KvHeads);
        json.WriteNumber("head_dim", HeadDim);
        json.WriteNumber("vocab_size", VocabSize);
        json.WriteNumber("rms_norm_eps", RmsNormEps);
        json.WriteNumber("rope_theta", RopeTheta);
        json.WriteBoolean("tie_word_embeddings", TieWordEmbeddings);
        json.WriteNumber("max_position_embeddings", MaxPositionEmbeddings);
        json.WriteString("torch_dtype", storedAs.TorchName());
        WriteTokenIds(json);
        json.WriteEndObject();
    }

    private void WriteTokenIds(Utf8JsonWriter json)
    {
        if (BosTokenId is { } bos) json.WriteNumber("bos_token_id", bos);
        if (EosTokenIds.Count == 1) json.WriteNumber("eos_token_id", EosTokenIds[0]);
        if (EosTokenIds.Count < 2) return;
        json.WriteStartArray("eos_token_id");
        foreach (var eos in EosTokenIds) json.WriteNumberValue(eos);
        json.WriteEndArray();
    }

    private static void Range(string file, string field, int value, int least, int most)
    {
        if (value < least || value > most) throw Fault(file, field, value, $"{least} to {most}");
    }

    private static CheckpointException Fault(string file, string field, object value, string supported) =>
        new(file, FormattableString.Invariant($"{field} = {value} is not supported: {supported} are"));
}
