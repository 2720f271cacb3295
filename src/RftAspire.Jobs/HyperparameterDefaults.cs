using RftAspire.Contracts;

namespace RftAspire.Jobs;

/// <summary>A published recipe by its name.</summary>
internal enum Algorithm
{
    /// <summary>Shao et al., 2024.</summary>
    Grpo,
    /// <summary>Liu et al., 2025.</summary>
    DrGrpo,
    /// <summary>The loss of Yu et al., 2025.</summary>
    Dapo,
}

/// <summary>Tokens of a completion, relative to <c>max_completion_tokens</c>.</summary>
internal enum ReasoningEffort
{
    Default,
    Low,
    Medium,
    High,
}

/// <summary>What is not asked for. The table of docs/algorithms.md says the same.</summary>
internal static class HyperparameterDefaults
{
    /// <summary>Passes of a supervised job over its rows.</summary>
    public const int SupervisedEpochs = 3;
    private const int LongestEvalInterval = 20;
    private const int LongestSupervisedWarmup = 20;
    private const int Evals = 8;

    private static readonly Hyperparameters s_reinforcement = new();
    private static readonly Hyperparameters s_supervised = new() { PromptsPerStep = 16, LearningRate = 5e-4, PromptWordDropout = 0 };

    /// <summary>Fields that a supervised job has no use for: it samples nothing and has no rewards.</summary>
    public static readonly IReadOnlySet<string> ReinforcementOnly = new HashSet<string>
    {
        "group_size", "max_completion_tokens", "temperature", "top_p", "top_k", "kl_coefficient", "clip_range", "clip_range_high", "advantage",
        "loss_normalization", "prompt_word_dropout", "eval_samples", "shuffle_rewards", "compute_multiplier", "reasoning_effort", "algorithm",
    };

    public static Hyperparameters Of(TrainingMethod method, Algorithm? algorithm) => (method, algorithm) switch
    {
        (TrainingMethod.Supervised, _) => s_supervised,
        (_, Algorithm.Grpo) => s_reinforcement with { Advantage = AdvantageKind.MeanStd, LossNormalization = LossNormalization.Sequence },
        (_, Algorithm.DrGrpo) => s_reinforcement with { Advantage = AdvantageKind.Mean, LossNormalization = LossNormalization.Constant, KlCoefficient = 0 },
        (_, Algorithm.Dapo) => s_reinforcement with
        {
            Advantage = AdvantageKind.MeanStd,
            LossNormalization = LossNormalization.Token,
            KlCoefficient = 0,
            ClipRange = 0.2,
            ClipRangeHigh = 0.28,
        },
        _ => s_reinforcement,
    };

    public static int WarmupSteps(TrainingMethod method, int steps) =>
        method == TrainingMethod.Supervised ? Math.Clamp(steps / 10, 1, LongestSupervisedWarmup) : s_reinforcement.WarmupSteps;

    /// <summary>A short job has a curve too.</summary>
    public static int EvalInterval(int steps) => Math.Clamp(steps / Evals, 1, LongestEvalInterval);
}
