using System.Text;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Checkpoints.Gguf;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Tests.Checkpoints;

/// <summary>Writes GGUF files from the format's description, apart from the code that reads them.</summary>
internal sealed class GgufWriter
{
    private static readonly Dictionary<string, string> Names = new()
    {
        ["model.embed_tokens"] = "token_embd",
        ["model.norm"] = "output_norm",
        ["lm_head"] = "output",
        ["input_layernorm"] = "attn_norm",
        ["post_attention_layernorm"] = "ffn_norm",
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.o_proj"] = "attn_output",
        ["self_attn.q_norm"] = "attn_q_norm",
        ["self_attn.k_norm"] = "attn_k_norm",
        ["mlp.gate_proj"] = "ffn_gate",
        ["mlp.up_proj"] = "ffn_up",
        ["mlp.down_proj"] = "ffn_down",
    };

    public Dictionary<string, object> Metadata { get; } = [];
    public List<(string Name, uint Type, long[] Shape, float[] Values)> Tensors { get; } = [];
    public uint Version { get; init; } = 3;
    public int Alignment { get; init; } = 32;

    /// <summary>The model, matrices stored as <paramref name="type"/> and the rest in float32, as converters do.</summary>
    public static GgufWriter Of(Parameters parameters, GgufType type = GgufType.F32)
    {
        var (config, writer) = (parameters.Layout.Config, new GgufWriter());
        var a = config.ModelType;
        writer.Metadata["general.architecture"] = a;
        foreach (var (key, value) in new (string, int)[] { ("block_count", config.Layers), ("context_length", config.MaxPositionEmbeddings), ("embedding_length", config.HiddenSize),
            ("feed_forward_length", config.IntermediateSize), ("attention.head_count", config.Heads), ("attention.head_count_kv", config.KvHeads),
            ("attention.key_length", config.HeadDim), ("attention.value_length", config.HeadDim), ("rope.dimension_count", config.HeadDim) })
            writer.Metadata[$"{a}.{key}"] = (uint)value;
        writer.Metadata[$"{a}.attention.layer_norm_rms_epsilon"] = (float)config.RmsNormEps;
        writer.Metadata[$"{a}.rope.freq_base"] = (float)config.RopeTheta;
        foreach (var tensor in parameters.Layout.Tensors) writer.Add(config, tensor, parameters.Tensor(tensor).ToArray(), type);
        return writer;
    }

    public byte[] ToBytes()
    {
        var (head, data) = (new MemoryStream(), new MemoryStream());
        using var writer = new BinaryWriter(head);
        writer.Write("GGUF"u8);
        writer.Write(Version);
        writer.Write((ulong)Tensors.Count);
        writer.Write((ulong)Metadata.Count);
        foreach (var (key, value) in Metadata)
        {
            Text(writer, key);
            writer.Write(TypeOf(value));
            Value(writer, value);
        }
        foreach (var (name, type, shape, values) in Tensors)
        {
            Text(writer, name);
            writer.Write(shape.Length);
            foreach (var size in shape.Reverse()) writer.Write(size);
            writer.Write(type);
            writer.Write(data.Length);
            data.Write(Stored(type, values));
            Pad(data);
        }
        Pad(head);
        return [.. head.ToArray(), .. data.ToArray()];
    }

    private void Add(ModelConfig config, ParameterTensor tensor, float[] values, GgufType type)
    {
        var (stem, kind) = (tensor.Name[..tensor.Name.LastIndexOf('.')], tensor.Name[(tensor.Name.LastIndexOf('.') + 1)..]);
        var prefix = "";
        if (stem.StartsWith("model.layers.", StringComparison.Ordinal))
        {
            var parts = stem.Split('.', 4);
            (prefix, stem) = ($"blk.{parts[2]}.", parts[3]);
        }
        if (config.ModelType == "llama" && stem is ("self_attn.q_proj" or "self_attn.k_proj")) values = Interleave(values, config.HeadDim, config.HiddenSize);
        Tensors.Add(($"{prefix}{Names[stem]}.{kind}", tensor.IsMatrix ? (uint)type : 0, tensor.Shape, values));
    }

    /// <summary>[head, 2, headDim/2, columns] to [head, headDim/2, 2, columns].</summary>
    private static float[] Interleave(float[] values, int headDim, int columns)
    {
        var rows = values.Chunk(columns).ToArray();
        return [.. rows.Chunk(headDim).SelectMany(head => head.Take(headDim / 2).Zip(head.Skip(headDim / 2), (first, second) => first.Concat(second))).SelectMany(pair => pair)];
    }

    private static byte[] Stored(uint type, float[] values) => type switch
    {
        0 => [.. values.SelectMany(BitConverter.GetBytes)],
        1 => [.. values.SelectMany(value => BitConverter.GetBytes((Half)value))],
        8 => [.. values.Chunk(32).SelectMany(Block)],
        30 => [.. values.SelectMany(value => BitConverter.GetBytes(FloatFormats.ToBFloat16(value)))],
        _ => new byte[values.Length],
    };

    private static byte[] Block(float[] values)
    {
        var scale = (Half)(values.Max(Math.Abs) / 127);
        return [.. BitConverter.GetBytes(scale), .. values.Select(value => (byte)(sbyte)Math.Clamp(MathF.Round(scale == Half.Zero ? 0 : value / (float)scale), -127, 127))];
    }

    private static uint TypeOf(object value) => value switch
    {
        byte => 0,
        int => 5,
        uint => 4,
        float => 6,
        bool => 7,
        string => 8,
        Array => 9,
        ulong => 10,
        _ => throw new ArgumentException($"{value}"),
    };

    private static void Value(BinaryWriter writer, object value)
    {
        if (value is byte small) writer.Write(small);
        else if (value is int signed) writer.Write(signed);
        else if (value is uint unsigned) writer.Write(unsigned);
        else if (value is float number) writer.Write(number);
        else if (value is bool flag) writer.Write(flag);
        else if (value is ulong wide) writer.Write(wide);
        else if (value is string text) Text(writer, text);
        else
        {
            var array = (Array)value;
            writer.Write(TypeOf(array.GetValue(0)!));
            writer.Write((ulong)array.Length);
            foreach (var item in array) Value(writer, item);
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write((ulong)Encoding.UTF8.GetByteCount(text));
        writer.Write(Encoding.UTF8.GetBytes(text));
    }

    private void Pad(MemoryStream stream) => stream.Write(new byte[(Alignment - stream.Length % Alignment) % Alignment]);
}
