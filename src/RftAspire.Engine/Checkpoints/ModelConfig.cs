using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

/// <summary>The architecture of a decoder of the Llama family, as in a Hugging Face config.json.</summary>
public sealed partial record ModelConfig
{
    internal const int MostPositions = 1 << 24;

    /// <summary>llama, mistral, phi3, qwen2 or qwen3.</summary>
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
    /// <summary>Null where the rotary frequencies are the plain powers of theta.</summary>
    public RopeScaling? RopeScaling { get; init; }
    /// <summary>Positions that a query sees in every layer, its own included: j with i - window &lt; j &lt;= i. Null: all up to its own.</summary>
    public int? SlidingWindow { get; init; }
    public bool TieWordEmbeddings { get; init; }
    public int MaxPositionEmbeddings { get; init; } = 2048;
    public int? BosTokenId { get; init; }
    public IReadOnlyList<int> EosTokenIds { get; init; } = [];

    /// <summary>Biases on the query, key and value projections (Qwen2).</summary>
    public bool QkvBias => ModelType == "qwen2";
    /// <summary>An RMSNorm on every query and key head (Qwen3).</summary>
    public bool QkNorm => ModelType == "qwen3";

    /// <summary>Query, key and value in one stored tensor, gate and up in another (Phi-3).</summary>
    public bool FusedProjections => ModelType == "phi3";

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
        if (!ModelConfigReader.Families.Contains(ModelType)) throw Fault(file, "model_type", ModelType, ModelConfigReader.FamilyNames);
        Range(file, "hidden_size", HiddenSize, 1, 1 << 16);
        Range(file, "intermediate_size", IntermediateSize, 1, 1 << 18);
        Range(file, "num_hidden_layers", Layers, 1, 512);
        Range(file, "num_attention_heads", Heads, 1, 1024);
        Range(file, "num_key_value_heads", KvHeads, 1, Heads);
        Range(file, "head_dim", HeadDim, 2, 1024);
        Range(file, "vocab_size", VocabSize, 1, 1 << 22);
        Range(file, "max_position_embeddings", MaxPositionEmbeddings, 1, MostPositions);
        if (Heads % KvHeads != 0) throw Fault(file, "num_key_value_heads", KvHeads, $"divisors of num_attention_heads = {Heads}");
        if (HeadDim % 2 != 0) throw Fault(file, "head_dim", HeadDim, "even numbers");
        if (!(RmsNormEps is > 0 and < 1)) throw Fault(file, "rms_norm_eps", RmsNormEps, "numbers between 0 and 1");
        if (!(RopeTheta is >= 1 and <= 1e12)) throw Fault(file, "rope_theta", RopeTheta, "numbers from 1 to 1e12");
        CheckTensorSizes(file);
        CheckPositions(file);
        if (BosTokenId is { } bos) Range(file, "bos_token_id", bos, 0, VocabSize - 1);
        foreach (var eos in EosTokenIds) Range(file, "eos_token_id", eos, 0, VocabSize - 1);
    }

    /// <summary>The first position that a query sees.</summary>
    internal int FirstVisible(int position) => SlidingWindow is { } window ? Math.Max(0, position - window + 1) : 0;

    /// <summary>The frequency of the i-th pair of a head's elements, in radians a position: theta^(-2i/headDim), scaled where the model is.</summary>
    internal double RotaryFrequency(int pair)
    {
        var frequency = Math.Pow(RopeTheta, -2.0 * pair / HeadDim);
        return RopeScaling?.Scale(frequency, pair, this) ?? frequency;
    }

    private void CheckPositions(string file)
    {
        if (SlidingWindow is { } window) Range(file, "sliding_window", window, 1, MostPositions);
        if (SlidingWindow is not null && ModelType == "llama") throw Fault(file, "sliding_window", SlidingWindow, "null in a llama, and numbers in the other families");
        if (RopeScaling is null) return;
        // Hugging Face has none for Phi-3 but longrope, so a folder with another could not be read back there.
        if (FusedProjections) throw Fault(file, "rope_scaling", RopeScaling, "null in a phi3");
        if (RopeScaling is YarnRopeScaling && RopeTheta <= 1) throw Fault(file, "rope_theta", RopeTheta, "numbers above 1 with yarn");
        RopeScaling.Check((field, value, supported) => Fault(file, field, value, supported));
    }

    /// <summary>A tensor is indexed by int; fused ones are the largest.</summary>
    private void CheckTensorSizes(string file)
    {
        long rows = Math.Max(VocabSize, Math.Max(2L * IntermediateSize, (Heads + 2L * KvHeads) * HeadDim));
        if (rows * HiddenSize > Array.MaxLength) throw Fault(file, "hidden_size", HiddenSize, $"{Array.MaxLength / rows} and less beside a tensor of {rows} rows");
    }

    private static void Range(string file, string field, int value, int least, int most)
    {
        if (value < least || value > most) throw Fault(file, field, value, $"{least} to {most}");
    }

    private static CheckpointException Fault(string file, string field, object value, string supported) =>
        new(file, FormattableString.Invariant($"{field} = {value} is not supported: {supported} are"));
}
