using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Model;

/// <summary>
/// Shape of a low-rank adapter (LoRA; Hu et al., 2021): y = x Wᵀ + s (x Aᵀ) Bᵀ with W frozen, A [rank, inputs] and B [outputs, rank].
/// </summary>
/// <param name="Rank">r, from 1 to <see cref="LargestRank"/>.</param>
/// <param name="Alpha">Numerator of the scale s.</param>
/// <param name="Targets">
/// Names of the projections that have one: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj (phi3: qkv_proj and
/// gate_up_proj in place of their parts). Null: all of them.
/// </param>
public sealed record LoraSettings(int Rank = 16, double Alpha = 32, IReadOnlyList<string>? Targets = null)
{
    public const int LargestRank = 1024;

    /// <summary>Rank-stabilized scale (Kalajdzievski, 2023).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>s: alpha / r, or alpha / sqrt(r) where it is rank-stabilized.</summary>
    public double Scale => Alpha / (RankStabilized ? Math.Sqrt(Rank) : Rank);

    /// <summary>The projections of a model that may have an adapter, in their order within a layer.</summary>
    public static IReadOnlyList<string> Projections(ModelConfig config) => config.FusedProjections
        ? ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
        : ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    /// <exception cref="CheckpointException">A value cannot be that of an adapter of the model; the message names <paramref name="file"/> and the field.</exception>
    public void Check(ModelConfig config, string file = "adapter_config.json")
    {
        if (Rank is < 1 or > LargestRank) throw new CheckpointException(file, $"r = {Rank} is not supported: 1 to {LargestRank} are");
        if (!(double.IsFinite(Alpha) && Alpha > 0)) throw new CheckpointException(file, FormattableString.Invariant($"lora_alpha = {Alpha} is not supported: numbers above 0 are"));
        var known = Projections(config);
        if (Targets?.FirstOrDefault(target => !known.Contains(target)) is { } unknown)
            throw new CheckpointException(file, $"target_modules names '{unknown}': a {config.ModelType} model has {string.Join(", ", known)}");
        if (Targets is { Count: 0 }) throw new CheckpointException(file, $"target_modules is empty: name at least one of {string.Join(", ", known)}");
    }
}
