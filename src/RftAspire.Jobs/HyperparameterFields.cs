using Google.Protobuf.Reflection;
using RftAspire.Contracts;
using Asked = RftAspire.Contracts.Jobs.V1.Hyperparameters;

namespace RftAspire.Jobs;

/// <summary>Hyperparameters between the API's form, where a field may be left out or stand for another, and the job's, where none does.</summary>
public static class HyperparameterFields
{
    private const int MostSteps = 100_000;
    private const int MostTokens = 32_768;

    /// <summary>What was asked for over the defaults; each value out of range is added to the faults.</summary>
    /// <param name="asked">The request's.</param>
    /// <param name="method">How the job learns.</param>
    /// <param name="rows">Rows of the training file; 0 where it is unknown.</param>
    /// <param name="faults">Gets what is wrong.</param>
    public static Hyperparameters Read(Asked asked, TrainingMethod method, int rows, List<Violation> faults)
    {
        var read = new HyperparameterReader(faults);
        if (method == TrainingMethod.Supervised) RefuseMeaningless(asked, read);
        var d = HyperparameterDefaults.Of(method, asked.HasAlgorithm ? read.Name<Algorithm>("algorithm", asked.Algorithm) : null);
        var steps = Steps(asked, method, d, rows, read);
        var all = d with
        {
            Steps = steps,
            PromptsPerStep = read.Whole("prompts_per_step", PromptsPerStep(asked, d), 1, 4096),
            GroupSize = GroupSize(asked, d, read),
            MaxCompletionTokens = MaxCompletionTokens(asked, d, read),
            Temperature = read.Real("temperature", asked.HasTemperature ? asked.Temperature : d.Temperature, 0.01, 10),
            TopP = read.Above("top_p", asked.HasTopP ? asked.TopP : d.TopP, 0, 1),
            TopK = read.Whole("top_k", asked.HasTopK ? asked.TopK : d.TopK, 0, 1_000_000),
            LearningRate = LearningRate(asked, d, read),
            WarmupSteps = read.Whole("warmup_steps", asked.HasWarmupSteps ? asked.WarmupSteps : HyperparameterDefaults.WarmupSteps(method, steps), 0, 100_000),
            FinalLearningRateRatio = read.Real("final_learning_rate_ratio", asked.HasFinalLearningRateRatio ? asked.FinalLearningRateRatio : d.FinalLearningRateRatio, 0, 1),
            WeightDecay = read.Real("weight_decay", asked.HasWeightDecay ? asked.WeightDecay : d.WeightDecay, 0, 1),
            MaxGradNorm = read.Above("max_grad_norm", asked.HasMaxGradNorm ? asked.MaxGradNorm : d.MaxGradNorm, 0, 1e6),
        };
        return ReadLoss(asked, all, read) with
        {
            PromptWordDropout = read.Share("prompt_word_dropout", asked.HasPromptWordDropout ? asked.PromptWordDropout : d.PromptWordDropout),
            EvalInterval = read.Whole("eval_interval", asked.HasEvalInterval ? asked.EvalInterval : HyperparameterDefaults.EvalInterval(steps), 0, 100_000),
            EvalSamples = read.Whole("eval_samples", asked.HasEvalSamples ? asked.EvalSamples : d.EvalSamples, 0, 256),
            Precision = asked.HasPrecision ? read.Name<ProductPrecision>("precision", asked.Precision) : d.Precision,
            ShuffleRewards = asked.HasShuffleRewards ? asked.ShuffleRewards : d.ShuffleRewards,
            LoraRank = read.Whole("lora_rank", asked.HasLoraRank ? asked.LoraRank : d.LoraRank, 0, 256),
        };
    }

    private static Hyperparameters ReadLoss(Asked asked, Hyperparameters d, HyperparameterReader read) => d with
    {
        KlCoefficient = read.Real("kl_coefficient", asked.HasKlCoefficient ? asked.KlCoefficient : d.KlCoefficient, 0, 10),
        ClipRange = read.Above("clip_range", asked.HasClipRange ? asked.ClipRange : d.ClipRange, 0, 10),
        ClipRangeHigh = asked.HasClipRangeHigh ? read.Above("clip_range_high", asked.ClipRangeHigh, 0, 10) : d.ClipRangeHigh,
        Advantage = asked.HasAdvantage ? read.Name<AdvantageKind>("advantage", asked.Advantage) : d.Advantage,
        LossNormalization = asked.HasLossNormalization ? read.Name<LossNormalization>("loss_normalization", asked.LossNormalization) : d.LossNormalization,
    };

    /// <summary>All fields that mean something to the method, but those that stand for another.</summary>
    public static Asked ToMessage(Hyperparameters value, TrainingMethod method = TrainingMethod.Reinforcement)
    {
        var message = new Asked
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
            ClipRangeHigh = value.ClipRangeHigh ?? value.ClipRange,
            Advantage = HyperparameterReader.NameOf(value.Advantage),
            LossNormalization = HyperparameterReader.NameOf(value.LossNormalization),
            PromptWordDropout = value.PromptWordDropout,
            EvalInterval = value.EvalInterval,
            EvalSamples = value.EvalSamples,
            Precision = HyperparameterReader.NameOf(value.Precision),
            ShuffleRewards = value.ShuffleRewards,
            LoraRank = value.LoraRank,
        };
        if (method == TrainingMethod.Supervised)
            foreach (var field in Meaningless(message)) field.Accessor.Clear(message);
        return message;
    }

    private static int Steps(Asked asked, TrainingMethod method, Hyperparameters d, int rows, HyperparameterReader read)
    {
        read.OneOf("n_epochs", asked.HasNEpochs, "steps", asked.HasSteps);
        if (asked.HasSteps) return read.Whole("steps", asked.Steps, 1, MostSteps);
        if (!asked.HasNEpochs && method != TrainingMethod.Supervised) return d.Steps;
        var epochs = asked.HasNEpochs ? read.Whole("n_epochs", asked.NEpochs, 1, 50) : HyperparameterDefaults.SupervisedEpochs;
        var prompts = Math.Max(1, PromptsPerStep(asked, d));
        var steps = ((long)epochs * rows + prompts - 1) / prompts;
        if (steps > MostSteps) read.Add("n_epochs", $"{epochs} passes over {rows} rows, {prompts} a step, are {steps} steps; at most {MostSteps}, so raise prompts_per_step");
        // Without rows the dataset is at fault, and said to be.
        return (int)Math.Clamp(steps, 1, MostSteps);
    }

    private static int PromptsPerStep(Asked asked, Hyperparameters d) => asked.HasPromptsPerStep ? asked.PromptsPerStep : d.PromptsPerStep;

    private static int GroupSize(Asked asked, Hyperparameters d, HyperparameterReader read)
    {
        read.OneOf("compute_multiplier", asked.HasComputeMultiplier, "group_size", asked.HasGroupSize);
        if (!asked.HasComputeMultiplier) return read.Whole("group_size", asked.HasGroupSize ? asked.GroupSize : d.GroupSize, 2, 256);
        var size = d.GroupSize * read.Above("compute_multiplier", asked.ComputeMultiplier, 1e-5, 10);
        return double.IsNaN(size) ? d.GroupSize : (int)Math.Clamp(Math.Round(size, MidpointRounding.AwayFromZero), 2, 128);
    }

    private static int MaxCompletionTokens(Asked asked, Hyperparameters d, HyperparameterReader read)
    {
        var tokens = read.Whole("max_completion_tokens", asked.HasMaxCompletionTokens ? asked.MaxCompletionTokens : d.MaxCompletionTokens, 1, MostTokens);
        switch (asked.HasReasoningEffort ? read.Name<ReasoningEffort>("reasoning_effort", asked.ReasoningEffort) : ReasoningEffort.Default)
        {
            case ReasoningEffort.Low:
                return Math.Max(1, tokens / 2);
            case ReasoningEffort.High when tokens > MostTokens / 2:
                read.Add("reasoning_effort", $"high doubles max_completion_tokens, {tokens}, beyond {MostTokens}; lower one of them");
                return tokens;
            case ReasoningEffort.High:
                return tokens * 2;
            default:
                return tokens;
        }
    }

    private static double LearningRate(Asked asked, Hyperparameters d, HyperparameterReader read)
    {
        read.OneOf("learning_rate_multiplier", asked.HasLearningRateMultiplier, "learning_rate", asked.HasLearningRate);
        if (!asked.HasLearningRateMultiplier) return read.Above("learning_rate", asked.HasLearningRate ? asked.LearningRate : d.LearningRate, 0, 1);
        return d.LearningRate * read.Above("learning_rate_multiplier", asked.LearningRateMultiplier, 0, 1 / d.LearningRate);
    }

    private static void RefuseMeaningless(Asked asked, HyperparameterReader read)
    {
        foreach (var field in Meaningless(asked)) read.Add(field.Name, "means nothing to a supervised job, which samples nothing; leave it out");
    }

    private static List<FieldDescriptor> Meaningless(Asked message) =>
        [.. Asked.Descriptor.Fields.InDeclarationOrder().Where(field => HyperparameterDefaults.ReinforcementOnly.Contains(field.Name) && field.Accessor.HasValue(message))];
}
