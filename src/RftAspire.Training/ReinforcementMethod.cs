using System.Diagnostics;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>Samples answers, has them graded, and reinforces what scored well. Everything random is a function of the seed and the step.</summary>
internal sealed partial class ReinforcementMethod : ITrainingMethod
{
    private readonly JobSpec _spec;
    private readonly ArtifactStore _artifacts;
    private readonly RolloutExchange _exchange;
    private readonly TrainingOptions _options;
    private readonly ILogger _logger;
    private readonly RandomKey _key;
    private readonly Parameters? _reference;
    private readonly PolicyTrainer _trainer;
    private readonly PromptSet _prompts;
    private readonly EpochOrder _order;
    private readonly PromptSet? _validation;

    public ReinforcementMethod(JobSpec spec, JobModel model, ArtifactStore artifacts, RolloutExchange exchange, TrainingOptions options, ILogger logger)
    {
        (_spec, _artifacts, _exchange, _options, _logger) = (spec, artifacts, exchange, options, logger);
        ResponseFormatCheck.Check(spec, model);
        var longest = model.Config.MaxPositionEmbeddings - Settings.MaxCompletionTokens;
        _prompts = PromptSet.Load(artifacts.TrainingPromptsFile(spec.JobId), model.Encoder, model.Config.VocabSize, longest);
        if (spec.ValidationDatasetId is not null) _validation = PromptSet.Load(artifacts.ValidationPromptsFile(spec.JobId), model.Encoder, model.Config.VocabSize, longest);
        _key = RandomKey.FromSeed(spec.Seed);
        _order = new EpochOrder(_prompts.Count, _key.Derive(1));
        // The policy without its adapter is its own reference.
        if (Settings.KlCoefficient > 0 && model.Adapter is null) _reference = CheckpointFolder.Load(model.Folder);
        _trainer = new PolicyTrainer(model.Policy, _reference, model.Team, new AdamWSettings { WeightDecay = Settings.WeightDecay }, model.Precision, model.Adapter);
    }

    private Hyperparameters Settings => _spec.Hyperparameters;

    public AdamW Optimizer => _trainer.Optimizer;

    public void WeightsChanged() => _trainer.WeightsChanged();

    public bool IsCheckpoint(int step) => Settings.ValidatesAt(step);

    public void Dispose()
    {
        _trainer.Dispose();
        _reference?.Dispose();
    }

    public async Task<Dictionary<string, double>> StepAsync(int step, WeightsReference weights, CancellationToken cancellation)
    {
        var (started, paused) = (Stopwatch.GetTimestamp(), _exchange.Paused(_spec.JobId));
        var groups = await _exchange.SampleAsync(Commands(step, weights), cancellation);
        var sampling = Stopwatch.GetElapsedTime(started);
        paused = _exchange.Paused(_spec.JobId) - paused;
        UngradedLimit.Check($"step {step}", groups, _options.MaxUngradedShare);
        started = Stopwatch.GetTimestamp();
        var settings = StepSettings(step);
        var result = _trainer.Step(LearnFrom(step, groups), settings);
        if (!double.IsFinite(result.Loss) || !double.IsFinite(result.GradientNorm))
            throw new TrainingException("diverged", $"step {step}: loss {result.Loss}, gradient norm {result.GradientNorm}; lower learning_rate (now {Settings.LearningRate}) or raise kl_coefficient");
        if (result.RatioMin != 1 || result.RatioMax != 1) LogMismatch(_spec.JobId, step, result.RatioMin, result.RatioMax);
        var metrics = StepMetrics.Create(groups, result, settings.LearningRate, sampling, paused, Stopwatch.GetElapsedTime(started));
        RolloutFiles.Write(_artifacts.RolloutsFile(_spec.JobId, step), groups);
        return metrics;
    }

    public async Task<Dictionary<string, double>?> ValidateAsync(WeightsReference weights, CancellationToken cancellation)
    {
        if (_validation is null) return null;
        var started = Stopwatch.GetTimestamp();
        var greedy = await SampleAsync(_validation, weights, GroupPurpose.EvalGreedy, count: 1, temperature: 0, cancellation);
        var sampled = Settings.EvalSamples > 0 ? await SampleAsync(_validation, weights, GroupPurpose.EvalSampled, Settings.EvalSamples, temperature: 1, cancellation) : [];
        var metrics = EvalMetrics.Create(greedy, sampled, Stopwatch.GetElapsedTime(started));
        RolloutFiles.Write(_artifacts.EvalRolloutsFile(_spec.JobId, weights.Version), greedy.Concat(sampled));
        return metrics;
    }

    private async Task<PromptGroupGraded[]> SampleAsync(PromptSet prompts, WeightsReference weights, GroupPurpose purpose, int count, double temperature, CancellationToken cancellation)
    {
        var commands = Enumerable.Range(0, prompts.Count)
            .Select(i => Command(new GroupId(_spec.JobId, weights.Version, purpose, i, i), weights, prompts.Tokens(i), count, temperature)).ToList();
        var groups = await _exchange.SampleAsync(commands, cancellation);
        UngradedLimit.Check($"validation of version {weights.Version}", groups, _options.MaxUngradedShare);
        return groups;
    }

    private List<SamplePromptGroup> Commands(int step, WeightsReference weights)
    {
        var dropout = _key.Derive(2).Derive(step);
        return [.. Enumerable.Range(0, Settings.PromptsPerStep).Select(group =>
        {
            var prompt = _order.At((step - 1L) * Settings.PromptsPerStep + group);
            var tokens = _prompts.WithDropout(prompt, Settings.PromptWordDropout, dropout.Derive(group));
            return Command(new GroupId(_spec.JobId, step, GroupPurpose.Train, group, prompt), weights, tokens, Settings.GroupSize, Settings.Temperature);
        })];
    }

    private SamplePromptGroup Command(GroupId id, WeightsReference weights, int[] tokens, int count, double temperature) => new()
    {
        Id = id,
        Weights = weights,
        PromptTokens = tokens,
        GroupSize = count,
        Seed = _spec.Seed,
        Sampling = new SamplingParameters
        {
            MaxCompletionTokens = Settings.MaxCompletionTokens,
            Temperature = temperature,
            TopP = id.Purpose == GroupPurpose.Train ? Settings.TopP : 1,
            TopK = id.Purpose == GroupPurpose.Train ? Settings.TopK : 0,
            ResponseFormatJson = _spec.ResponseFormatJson,
        },
    };

    private PolicyStepSettings StepSettings(int step) => new()
    {
        LearningRate = Settings.LearningRateAt(step),
        MaxCompletionTokens = Settings.MaxCompletionTokens,
        Temperature = Settings.Temperature,
        ClipRange = Settings.ClipRange,
        ClipRangeHigh = Settings.ClipRangeHigh,
        KlCoefficient = Settings.KlCoefficient,
        MaxGradNorm = Settings.MaxGradNorm,
        StandardizeAdvantages = Settings.Advantage == AdvantageKind.MeanStd,
        Average = Settings.LossNormalization switch
        {
            LossNormalization.Token => LossAverage.Token,
            LossNormalization.Sequence => LossAverage.Sequence,
            _ => LossAverage.Constant,
        },
    };

    private List<RolloutGroup> LearnFrom(int step, PromptGroupGraded[] groups)
    {
        var rewards = groups.Select(group => group.Rollouts.Select(rollout => rollout.Reward).ToArray()).ToArray();
        if (Settings.ShuffleRewards) rewards = Shuffle(rewards, _key.Derive(3).Derive(step));
        return [.. groups.Select((group, g) => new RolloutGroup(group.PromptTokens, [.. group.Rollouts.Select(rollout => rollout.Rollout.CompletionTokens)],
            [.. group.Rollouts.Select(rollout => rollout.Rollout.SamplingLogprobs)], rewards[g]))];
    }

    /// <summary>The control experiment: every rollout gets some rollout's reward, so there is nothing to learn.</summary>
    private static double?[][] Shuffle(double?[][] rewards, RandomKey key)
    {
        var all = rewards.SelectMany(group => group).ToArray();
        var order = key.Permutation(all.Length);
        var next = 0;
        return [.. rewards.Select(group => group.Select(_ => all[order[next++]]).ToArray())];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {JobId} step {Step}: importance ratio before the update is {Min} to {Max}, not 1")]
    private partial void LogMismatch(string jobId, int step, float min, float max);
}
