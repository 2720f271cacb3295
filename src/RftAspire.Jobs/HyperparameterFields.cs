using System.Globalization;
using System.Text.Json;
using RftAspire.Contracts;
using Asked = RftAspire.Contracts.Jobs.V1.Hyperparameters;

namespace RftAspire.Jobs;

/// <summary>Hyperparameters between the API's form, where a field may be left out, and the job's, where none is.</summary>
public static class HyperparameterFields
{
    private static readonly Hyperparameters s_default = new();
    private static readonly double s_tiny = double.Epsilon;

    /// <summary>What was asked for over the defaults; each value out of range is added to the faults.</summary>
    public static Hyperparameters Read(Asked asked, List<Violation> faults)
    {
        var read = new Reader(faults);
        var d = s_default;
        return new Hyperparameters
        {
            Steps = read.Whole("steps", asked.HasSteps ? asked.Steps : d.Steps, 1, 100_000),
            PromptsPerStep = read.Whole("prompts_per_step", asked.HasPromptsPerStep ? asked.PromptsPerStep : d.PromptsPerStep, 1, 4096),
            GroupSize = read.Whole("group_size", asked.HasGroupSize ? asked.GroupSize : d.GroupSize, 2, 256),
            MaxCompletionTokens = read.Whole("max_completion_tokens", asked.HasMaxCompletionTokens ? asked.MaxCompletionTokens : d.MaxCompletionTokens, 1, 32_768),
            Temperature = read.Real("temperature", asked.HasTemperature ? asked.Temperature : d.Temperature, 0.01, 10),
            TopP = read.Real("top_p", asked.HasTopP ? asked.TopP : d.TopP, s_tiny, 1),
            TopK = read.Whole("top_k", asked.HasTopK ? asked.TopK : d.TopK, 0, 1_000_000),
            LearningRate = read.Real("learning_rate", asked.HasLearningRate ? asked.LearningRate : d.LearningRate, s_tiny, 1),
            WarmupSteps = read.Whole("warmup_steps", asked.HasWarmupSteps ? asked.WarmupSteps : d.WarmupSteps, 0, 100_000),
            FinalLearningRateRatio = read.Real("final_learning_rate_ratio", asked.HasFinalLearningRateRatio ? asked.FinalLearningRateRatio : d.FinalLearningRateRatio, 0, 1),
            WeightDecay = read.Real("weight_decay", asked.HasWeightDecay ? asked.WeightDecay : d.WeightDecay, 0, 1),
            MaxGradNorm = read.Real("max_grad_norm", asked.HasMaxGradNorm ? asked.MaxGradNorm : d.MaxGradNorm, s_tiny, 1e6),
            KlCoefficient = read.Real("kl_coefficient", asked.HasKlCoefficient ? asked.KlCoefficient : d.KlCoefficient, 0, 10),
            ClipRange = read.Real("clip_range", asked.HasClipRange ? asked.ClipRange : d.ClipRange, s_tiny, 10),
            Advantage = asked.HasAdvantage ? read.Name<AdvantageKind>("advantage", asked.Advantage) : d.Advantage,
            LossNormalization = asked.HasLossNormalization ? read.Name<LossNormalization>("loss_normalization", asked.LossNormalization) : d.LossNormalization,
            PromptWordDropout = read.Real("prompt_word_dropout", asked.HasPromptWordDropout ? asked.PromptWordDropout : d.PromptWordDropout, 0, Math.BitDecrement(1.0)),
            EvalInterval = read.Whole("eval_interval", asked.HasEvalInterval ? asked.EvalInterval : d.EvalInterval, 0, 100_000),
            EvalSamples = read.Whole("eval_samples", asked.HasEvalSamples ? asked.EvalSamples : d.EvalSamples, 0, 256),
            Precision = asked.HasPrecision ? read.Name<ProductPrecision>("precision", asked.Precision) : d.Precision,
            ShuffleRewards = asked.HasShuffleRewards ? asked.ShuffleRewards : d.ShuffleRewards,
        };
    }

    public static Asked ToMessage(Hyperparameters value) => new()
    {
        Steps = value.Steps,
        PromptsPerStep = value.PromptsPerStep,
        GroupSize = value.GroupSize,
        MaxCompletionTokens = value.MaxCompletionTokens,
        Temperature = value.Temperature,
        TopP = value.TopP,
        TopK = value.TopK,
        LearningRate = value.LearningRate,
        WarmupSteps = value.WarmupSteps,
        FinalLearningRateRatio = value.FinalLearningRateRatio,
        WeightDecay = value.WeightDecay,
        MaxGradNorm = value.MaxGradNorm,
        KlCoefficient = value.KlCoefficient,
        ClipRange = value.ClipRange,
        Advantage = NameOf(value.Advantage),
        LossNormalization = NameOf(value.LossNormalization),
        PromptWordDropout = value.PromptWordDropout,
        EvalInterval = value.EvalInterval,
        EvalSamples = value.EvalSamples,
        Precision = NameOf(value.Precision),
        ShuffleRewards = value.ShuffleRewards,
    };

    private static string NameOf<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private sealed class Reader(List<Violation> faults)
    {
        public int Whole(string field, int value, int least, int most)
        {
            if (value < least || value > most) Add(field, $"{value} is out of range; a whole number from {least} to {most}");
            return value;
        }

        public double Real(string field, double value, double least, double most)
        {
            // Not a number is in no range.
            if (!(value >= least && value <= most)) Add(field, $"{Text(value)} is out of range; {Range(least, most)}");
            return value;
        }

        public T Name<T>(string field, string value) where T : struct, Enum
        {
            foreach (var candidate in Enum.GetValues<T>())
                if (NameOf(candidate) == value) return candidate;
            Add(field, $"'{value}' is unknown; one of {string.Join(", ", Enum.GetValues<T>().Select(NameOf))}");
            return default;
        }

        private void Add(string field, string description) => faults.Add(new Violation("hyperparameters." + field, description));

        private static string Range(double least, double most) =>
            (least == s_tiny ? "more than 0" : $"at least {Text(least)}")
            + (most == Math.BitDecrement(1.0) ? " and less than 1" : $" and at most {Text(most)}");

        private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
    }
}
