using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

/// <summary>How a model's rotary frequencies were changed to reach further than it was first trained for.</summary>
public abstract record RopeScaling(double Factor)
{
    /// <summary>What cosines and sines are multiplied by.</summary>
    public virtual double Magnitude => 1;

    /// <summary>The frequency, in radians a position, of a pair of elements whose unscaled one is <paramref name="frequency"/>.</summary>
    internal abstract double Scale(double frequency, int pair, ModelConfig config);

    /// <summary>Refuses what has no meaning; <paramref name="refuse"/> takes field, value and what is supported.</summary>
    internal virtual void Check(Func<string, object, string, CheckpointException> refuse)
    {
        if (!(Factor is >= 1 and <= 1e6)) throw refuse("rope_scaling.factor", Factor, "numbers from 1 to 1e6");
    }

    /// <summary>Writes the fields of a config.json's rope_scaling.</summary>
    internal abstract void Write(Utf8JsonWriter json);

    private protected void Write(Utf8JsonWriter json, string type)
    {
        json.WriteString("rope_type", type);
        json.WriteNumber("factor", Factor);
    }
}

/// <summary>Position interpolation (Chen et al., 2023): positions are divided by the factor.</summary>
public sealed record LinearRopeScaling(double Factor) : RopeScaling(Factor)
{
    internal override double Scale(double frequency, int pair, ModelConfig config) => frequency / Factor;

    internal override void Write(Utf8JsonWriter json) => Write(json, "linear");
}

/// <summary>
/// Llama 3.1's: wavelengths above original / low are stretched by the factor, those below original / high stay, and the
/// frequencies between go from one to the other in a straight line.
/// </summary>
/// <param name="Factor">The stretch of long wavelengths.</param>
/// <param name="LowFreqFactor">Turns that the slowest stretched pair makes over the original context, at most.</param>
/// <param name="HighFreqFactor">Turns from which a pair stays as it is.</param>
/// <param name="OriginalMaxPositionEmbeddings">The context before the stretch.</param>
public sealed record Llama3RopeScaling(double Factor, double LowFreqFactor, double HighFreqFactor, int OriginalMaxPositionEmbeddings) : RopeScaling(Factor)
{
    internal override double Scale(double frequency, int pair, ModelConfig config)
    {
        var turns = OriginalMaxPositionEmbeddings * frequency / (2 * Math.PI);
        var kept = Math.Clamp((turns - LowFreqFactor) / (HighFreqFactor - LowFreqFactor), 0, 1);
        return (1 - kept) * frequency / Factor + kept * frequency;
    }

    internal override void Check(Func<string, object, string, CheckpointException> refuse)
    {
        base.Check(refuse);
        if (!(LowFreqFactor > 0)) throw refuse("rope_scaling.low_freq_factor", LowFreqFactor, "numbers above 0");
        if (!(HighFreqFactor > LowFreqFactor && HighFreqFactor <= 1e6)) throw refuse("rope_scaling.high_freq_factor", HighFreqFactor, $"numbers above low_freq_factor = {LowFreqFactor}");
        if (OriginalMaxPositionEmbeddings is < 1 or > ModelConfig.MostPositions)
            throw refuse("rope_scaling.original_max_position_embeddings", OriginalMaxPositionEmbeddings, $"1 to {ModelConfig.MostPositions}");
    }

    internal override void Write(Utf8JsonWriter json)
    {
        Write(json, "llama3");
        json.WriteNumber("low_freq_factor", LowFreqFactor);
        json.WriteNumber("high_freq_factor", HighFreqFactor);
        json.WriteNumber("original_max_position_embeddings", OriginalMaxPositionEmbeddings);
    }
}

/// <summary>
/// YaRN (Peng et al., 2023): pairs that turn more than BetaFast times over the original context stay, those that turn less than
/// BetaSlow times are stretched, a ramp over the pairs' indices lies between, and attention is sharpened by a factor.
/// </summary>
/// <param name="Factor">The stretch of slow pairs.</param>
/// <param name="OriginalMaxPositionEmbeddings">The context before the stretch.</param>
/// <param name="AttentionFactor">What cosines and sines are multiplied by; null takes the paper's 0.1 ln(Factor) + 1.</param>
/// <param name="Truncate">Whether the ramp's ends are moved outwards to whole indices.</param>
public sealed record YarnRopeScaling(double Factor, int OriginalMaxPositionEmbeddings, double? AttentionFactor = null,
    double BetaFast = 32, double BetaSlow = 1, bool Truncate = true) : RopeScaling(Factor)
{
    public override double Magnitude => AttentionFactor ?? 0.1 * Math.Log(Factor) + 1;

    internal override double Scale(double frequency, int pair, ModelConfig config)
    {
        double from = IndexOf(BetaFast, config), to = IndexOf(BetaSlow, config);
        if (Truncate) (from, to) = (Math.Floor(from), Math.Ceiling(to));
        (from, to) = (Math.Max(from, 0), Math.Min(to, config.HeadDim - 1));
        // Hugging Face's guard against a ramp of no width.
        if (from == to) to += 0.001;
        var stretched = Math.Clamp((pair - from) / (to - from), 0, 1);
        return stretched * frequency / Factor + (1 - stretched) * frequency;
    }

    internal override void Check(Func<string, object, string, CheckpointException> refuse)
    {
        base.Check(refuse);
        if (!(BetaSlow > 0)) throw refuse("rope_scaling.beta_slow", BetaSlow, "numbers above 0");
        if (!(BetaFast >= BetaSlow && BetaFast <= 1e6)) throw refuse("rope_scaling.beta_fast", BetaFast, $"numbers from beta_slow = {BetaSlow} to 1e6");
        if (AttentionFactor is { } attention && !(attention is > 0 and <= 1e3)) throw refuse("rope_scaling.attention_factor", attention, "numbers above 0 and at most 1000");
        if (OriginalMaxPositionEmbeddings is < 1 or > ModelConfig.MostPositions)
            throw refuse("rope_scaling.original_max_position_embeddings", OriginalMaxPositionEmbeddings, $"1 to {ModelConfig.MostPositions}");
    }

    internal override void Write(Utf8JsonWriter json)
    {
        Write(json, "yarn");
        json.WriteNumber("original_max_position_embeddings", OriginalMaxPositionEmbeddings);
        if (AttentionFactor is { } attention) json.WriteNumber("attention_factor", attention);
        json.WriteNumber("beta_fast", BetaFast);
        json.WriteNumber("beta_slow", BetaSlow);
        if (!Truncate) json.WriteBoolean("truncate", Truncate);
    }

    /// <summary>The (fractional) index of the pair that turns so many times over the original context.</summary>
    private double IndexOf(double turns, ModelConfig config) =>
        config.HeadDim * Math.Log(OriginalMaxPositionEmbeddings / (turns * 2 * Math.PI)) / (2 * Math.Log(config.RopeTheta));
}
