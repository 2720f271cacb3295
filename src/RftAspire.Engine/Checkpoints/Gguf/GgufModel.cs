using RftAspire.Engine.Model;

namespace RftAspire.Engine.Checkpoints.Gguf;

/// <summary>The model in a GGUF file, in the terms of a Hugging Face folder.</summary>
internal sealed class GgufModel
{
    private const string RopeFactors = "rope_freqs.weight";

    private static readonly string[] Architectures = ["llama", "qwen2", "qwen3"];

    private static readonly string[] EndTokens = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"];

    private readonly GgufFile _file;
    private readonly GgufMetadata _metadata;
    private readonly string _architecture;

    public GgufModel(GgufFile file)
    {
        (_file, _metadata) = (file, new GgufMetadata(file));
        _architecture = _metadata.Text("general.architecture") ?? "";
        if (!Architectures.Contains(_architecture)) throw _metadata.Unsupported("general.architecture", _architecture, string.Join(" or ", Architectures));
    }

    /// <summary>The weights under Hugging Face's names and in its order of rows.</summary>
    public Parameters Load()
    {
        var layout = new ParameterLayout(ReadConfig());
        Check(layout);
        var parameters = new Parameters(layout);
        foreach (var tensor in layout.Tensors)
        {
            if (HeadsOf(tensor.Name, layout.Config) is not { } heads) _file.Read(NameOf(tensor.Name), parameters.Tensor(tensor));
            else _file.ReadRows(NameOf(tensor.Name), parameters.Tensor(tensor), row => Interleaved(row, (int)tensor.Shape[0] / heads));
        }
        return parameters;
    }

    public ModelConfig ReadConfig()
    {
        // Other parts of a split file, experts and per-layer sizes show in these.
        foreach (var key in new[] { "split.count", Key("expert_count") })
            if (_metadata.Integer(key, 0) > 1) throw _metadata.Unsupported(key, _metadata.Integer(key), "one file and no experts");
        int heads = _metadata.Integer(Key("attention.head_count")), hidden = _metadata.Integer(Key("embedding_length"));
        var headDim = _metadata.Integer(Key("attention.key_length"), heads > 0 ? hidden / heads : 0);
        _metadata.Expect(Key("attention.value_length"), headDim);
        _metadata.Expect(Key("rope.dimension_count"), headDim);
        var window = _metadata.Integer(Key("attention.sliding_window"), 0);
        var config = new ModelConfig
        {
            // A llama with a window is what Hugging Face calls a mistral.
            ModelType = _architecture == "llama" && window > 0 ? "mistral" : _architecture,
            HiddenSize = hidden,
            IntermediateSize = _metadata.Integer(Key("feed_forward_length")),
            Layers = _metadata.Integer(Key("block_count")),
            Heads = heads,
            KvHeads = _metadata.Integer(Key("attention.head_count_kv"), heads),
            HeadDim = headDim,
            VocabSize = (int)_file.Find("token_embd.weight").Shape[0],
            RmsNormEps = _metadata.Number(Key("attention.layer_norm_rms_epsilon")),
            RopeTheta = _metadata.Number(Key("rope.freq_base"), 10_000),
            SlidingWindow = window > 0 ? window : null,
            TieWordEmbeddings = !_file.Tensors.ContainsKey("output.weight"),
            MaxPositionEmbeddings = _metadata.Integer(Key("context_length")),
            BosTokenId = _metadata.OptionalInteger("tokenizer.ggml.bos_token_id"),
            EosTokenIds = [.. EndTokens.Select(_metadata.OptionalInteger).OfType<int>().Distinct()],
        };
        config.Check(_file.Path);
        config = config with { RopeScaling = ReadScaling() ?? ReadFactors(config) };
        config.Check(_file.Path);
        return config;
    }

    private RopeScaling? ReadScaling()
    {
        foreach (var key in _file.Metadata.Keys.Where(key => key.StartsWith(Key("rope.scaling."), StringComparison.Ordinal)))
            if (key[Key("rope.scaling.").Length..] is not ("type" or "factor" or "original_context_length" or "finetuned" or "attn_factor"))
                throw _metadata.Unsupported(key, _file.Metadata[key], "no such metadata");
        _metadata.Expect(Key("rope.scaling.attn_factor"), 1);
        _metadata.Expect(Key("rope.scale_linear"), 1);
        var type = _metadata.Text(Key("rope.scaling.type")) ?? "none";
        if (type is not ("none" or "linear" or "yarn")) throw _metadata.Unsupported(Key("rope.scaling.type"), type, "none, linear or yarn");
        if (type == "none") return null;
        if (_file.Tensors.TryGetValue(RopeFactors, out var factors)) throw _file.Fault(factors, $"cannot be used beside {Key("rope.scaling.type")} = {type}");
        var factor = _metadata.Number(Key("rope.scaling.factor"));
        return type == "linear" ? new LinearRopeScaling(factor)
            : new YarnRopeScaling(factor, _metadata.Integer(Key("rope.scaling.original_context_length"), _metadata.Integer(Key("context_length"))));
    }

    /// <summary>
    /// Llama 3.1 and 3.2 carry what each frequency is divided by, but not the settings it came from. All published ones have the
    /// same but for the factor, so those are tried, and refused where they do not give the numbers in the file.
    /// </summary>
    private Llama3RopeScaling? ReadFactors(ModelConfig config)
    {
        if (!_file.Tensors.TryGetValue(RopeFactors, out var tensor)) return null;
        if (tensor.Count != config.HeadDim / 2) throw _file.Fault(tensor, $"has {tensor.Count} elements, not {config.HeadDim / 2}");
        var divisors = new float[tensor.Count];
        _file.Read(RopeFactors, divisors);
        var scaled = config with { RopeScaling = new Llama3RopeScaling(divisors.Max(), LowFreqFactor: 1, HighFreqFactor: 4, OriginalMaxPositionEmbeddings: 8192) };
        for (var i = 0; i < divisors.Length; i++)
            if (!(Math.Abs(config.RotaryFrequency(i) / scaled.RotaryFrequency(i) / divisors[i] - 1) < 1e-3))
                throw _file.Fault(tensor, $"element {i} = {divisors[i]} is not of Llama 3's scaling (low 1, high 4, original context 8192) with factor {divisors.Max()}");
        return (Llama3RopeScaling)scaled.RopeScaling;
    }

    private void Check(ParameterLayout layout)
    {
        var expected = layout.Tensors.ToDictionary(tensor => NameOf(tensor.Name), tensor => tensor.Shape);
        foreach (var (name, shape) in expected)
            if (_file.Find(name) is var tensor && !tensor.Shape.AsSpan().SequenceEqual(shape))
                throw _file.Fault(tensor, $"has shape [{string.Join(", ", tensor.Shape)}], the metadata ask for [{string.Join(", ", shape)}]");
        if (_file.Tensors.Values.FirstOrDefault(tensor => tensor.Name != RopeFactors && !expected.ContainsKey(tensor.Name)) is { } unexpected)
            throw _file.Fault(unexpected, $"unexpected tensor: a {_architecture} model of these metadata has none of that name");
    }

    /// <summary>The heads of a tensor whose rows are interleaved: queries and keys of the llama architecture, each half of a head by turns.</summary>
    private int? HeadsOf(string name, ModelConfig config) =>
        _architecture != "llama" ? null
        : name.EndsWith("q_proj.weight", StringComparison.Ordinal) ? config.Heads
        : name.EndsWith("k_proj.weight", StringComparison.Ordinal) ? config.KvHeads
        : null;

    /// <summary>Where the file has a row: pair i of a head is (i, i + headDim/2) here and (2i, 2i + 1) there.</summary>
    private static int Interleaved(int row, int headDim)
    {
        var (head, within) = Math.DivRem(row, headDim);
        var (half, pair) = Math.DivRem(within, headDim / 2);
        return head * headDim + 2 * pair + half;
    }

    private static string NameOf(string name)
    {
        var parts = name.Split('.');
        return parts[1] != "layers" ? $"{Part(parts[^2])}.{parts[^1]}" : $"blk.{parts[2]}.{Part(parts[^2])}.{parts[^1]}";
    }

    private static string Part(string name) => name switch
    {
        "embed_tokens" => "token_embd",
        "norm" => "output_norm",
        "lm_head" => "output",
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        "q_norm" or "k_norm" => $"attn_{name}",
        "o_proj" => "attn_output",
        "q_proj" or "k_proj" or "v_proj" => $"attn_{name[0]}",
        _ => $"ffn_{name[..^"_proj".Length]}",
    };

    private string Key(string name) => $"{_architecture}.{name}";
}
