namespace RftAspire.Contracts;

/// <summary>
/// The hyperparameters of a reinforcement fine-tuning job, immutable and stored with it. The defaults are the tuned ones;
/// jobs.proto documents each field.
/// </summary>
public sealed record Hyperparameters
{
    public int Steps { get; init; } = 160;
    public int PromptsPerStep { get; init; } = 32;
    public int GroupSize { get; init; } = 8;
    public int MaxCompletionTokens { get; init; } = 40;
    public double Temperature { get; init; } = 1;
    public double TopP { get; init; } = 1;
    public int TopK { get; init; }
    public double LearningRate { get; init; } = 2e-4;
    public int WarmupSteps { get; init; } = 5;
    public double FinalLearningRateRatio { get; init; } = 0.1;
    public double WeightDecay { get; init; }
    public double MaxGradNorm { get; init; } = 1;
    public double KlCoefficient { get; init; } = 0.01;
    public double ClipRange { get; init; } = 0.2;
    /// <summary>Null is <see cref="ClipRange"/>.</summary>
    public double? ClipRangeHigh { get; init; }
    public AdvantageKind Advantage { get; init; } = AdvantageKind.Mean;
    public LossNormalization LossNormalization { get; init; } = LossNormalization.Token;
    public double PromptWordDropout { get; init; } = 0.1;
    public int EvalInterval { get; init; } = 20;
    public int EvalSamples { get; init; } = 4;
    public ProductPrecision Precision { get; init; } = ProductPrecision.F32;
    /// <summary>Rank of a low-rank adapter that is trained in place of the weights; 0 trains the weights.</summary>
    public int LoraRank { get; init; }
    public bool ShuffleRewards { get; init; }
}

/// <summary>How a group's rewards become advantages.</summary>
public enum AdvantageKind
{
    /// <summary>A = R - mean (Dr. GRPO's numerator).</summary>
    Mean,
    /// <summary>A = (R - mean) / (std + 1e-6), std over the group with n - 1 (GRPO).</summary>
    MeanStd,
}

/// <summary>How products with weights are computed; everything else is float32.</summary>
public enum ProductPrecision
{
    /// <summary>In float32.</summary>
    F32,
    /// <summary>Weights and activations rounded to bf16, sums in float32: half the memory traffic, twice the rate.</summary>
    Bf16,
}

/// <summary>What the policy loss is averaged over.</summary>
public enum LossNormalization
{
    /// <summary>All completion tokens of the step (DAPO).</summary>
    Token,
    /// <summary>Tokens within a sequence, then sequences (GRPO).</summary>
    Sequence,
    /// <summary>Sequences times the longest completion allowed (Dr. GRPO).</summary>
    Constant,
}
