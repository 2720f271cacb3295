using System.Text;
using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

public sealed partial record ModelConfig
{
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
        WritePositions(json);
        json.WriteBoolean("tie_word_embeddings", TieWordEmbeddings);
        json.WriteString("torch_dtype", storedAs.TorchName());
        WriteTokenIds(json);
        json.WriteEndObject();
    }

    private void WritePositions(Utf8JsonWriter json)
    {
        json.WriteNumber("max_position_embeddings", MaxPositionEmbeddings);
        json.WriteNumber("rope_theta", RopeTheta);
        if (RopeScaling is not null)
        {
            json.WriteStartObject("rope_scaling");
            RopeScaling.Write(json);
            json.WriteEndObject();
        }
        if (ModelType is "qwen2" or "qwen3")
        {
            json.WriteBoolean("use_sliding_window", SlidingWindow is not null);
            if (SlidingWindow is not null) json.WriteNumber("max_window_layers", 0);
        }
        if (SlidingWindow is { } window) json.WriteNumber("sliding_window", window);
        // Left out, it would be 4096 positions.
        else if (ModelType == "mistral") json.WriteNull("sliding_window");
    }

    private void WriteTokenIds(Utf8JsonWriter json)
    {
        // Left out, it would be 32000, whatever the vocabulary.
        if (ModelType == "phi3") json.WriteNull("pad_token_id");
        if (BosTokenId is { } bos) json.WriteNumber("bos_token_id", bos);
        if (EosTokenIds.Count == 1) json.WriteNumber("eos_token_id", EosTokenIds[0]);
        if (EosTokenIds.Count < 2) return;
        json.WriteStartArray("eos_token_id");
        foreach (var eos in EosTokenIds) json.WriteNumberValue(eos);
        json.WriteEndArray();
    }
}
