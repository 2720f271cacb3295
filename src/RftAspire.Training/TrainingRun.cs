using System.Diagnostics;
using System.Text.Json;
using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>
/// One job from its first step, or the one after its newest checkpoint, to its end. Everything random is a function of the seed
/// and the step, so a resumed job goes on as if it had never stopped.
/// </summary>
internal sealed partial class TrainingRun : IDisposable
{
    private readonly JobSpec _spec;
    private readonly ArtifactStore _artifacts;
    private readonly RolloutExchange _exchange;
    private readonly IBus _bus;
    private readonly TrainingOptions _options;
    private readonly ILogger _logger;
    private readonly RandomKey _key;
    private readonly ThreadTeam _team;
    private readonly Parameters _policy;
    private readonly Parameters? _reference;
    private readonly PolicyTrainer _trainer;
    private readonly CheckpointStore _checkpoints;
    private readonly PromptSet _prompts;
    private readonly PromptSet? _validation;
    private WeightsReference _weights;

    public TrainingRun(JobSpec spec, ArtifactStore artifacts, RolloutExchange exchange, IBus bus, TrainingOptions options, ILogger logger)
    {
        (_spec, _artifacts, _exchange, _bus, _options, _logger) = (spec, artifacts, exchange, bus, options, logger);
        var folder = artifacts.ModelFolder(spec.Model) ?? throw new TrainingException("model_not_found", $"there is no model '{spec.Model}'");
        var config = ModelConfig.Load(Path.Combine(folder, "config.json"));
        var encoder = PromptEncoder.Load(folder, config);
        var longest = config.MaxPositionEmbeddings - Settings.MaxCompletionTokens;
        _prompts = PromptSet.Load(artifacts.TrainingPromptsFile(spec.JobId), encoder, config.VocabSize, longest);
        if (spec.ValidationDatasetId is not null) _validation = PromptSet.Load(artifacts.ValidationPromptsFile(spec.JobId), encoder, config.VocabSize, longest);
        _key = RandomKey.FromSeed(spec.Seed);
        _team = new ThreadTeam(options.Threads);
        _policy = CheckpointFolder.Load(folder);
        if (Settings.KlCoefficient > 0) _reference = CheckpointFolder.Load(folder);
        _trainer = new PolicyTrainer(_policy, _reference, _team, new AdamWSettings { WeightDecay = Settings.WeightDecay },
            Settings.Precision == ProductPrecision.Bf16 ? Precision.BF16 : Precision.F32);
        _checkpoints = new CheckpointStore(artifacts, spec, folder, options.KeptCheckpoints);
        _weights = new WeightsReference(0, folder, CheckpointFolder.WeightsDigest(_policy), Settings.Precision);
    }

    private Hyperparameters Settings => _spec.Hyperparameters;

    public async Task<TrainingOutcome> RunAsync(CancellationToken cancellation)
    {
        await _bus.Publish(new TrainingStarted(_spec.JobId, Settings.Steps), cancellation);
        await ResumeAsync(cancellation);
        await EvaluateAsync(cancellation);
        for (var step = _weights.Version + 1; step <= Settings.Steps; step++)
        {
            await StepAsync(step, cancellation);
            await EvaluateAsync(cancellation);
        }
        CheckpointFolder.Save(_artifacts.TunedModelFolder(_spec.TunedModelName), _policy, DType.F32, _artifacts.ModelFolder(_spec.Model));
        return new TrainingOutcome("succeeded", ModelName: _spec.TunedModelName, WeightsDigest: _weights.Digest);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _policy.Dispose();
        _reference?.Dispose();
        _team.Dispose();
    }

    /// <summary>Takes up the newest checkpoint; the news of its step may have been lost with the process, so it is told again.</summary>
    private async Task ResumeAsync(CancellationToken cancellation)
    {
        if (_checkpoints.Latest() is not { } manifest) return;
        _checkpoints.Restore(manifest, _policy, _trainer.Optimizer);
        _trainer.WeightsChanged();
        _weights = manifest.Weights;
        LogResumed(_spec.JobId, _weights.Version);
        await AnnounceAsync(manifest, cancellation);
    }

    private async Task StepAsync(int step, CancellationToken cancellation)
    {
        var (started, paused) = (Stopwatch.GetTimestamp(), _exchange.Paused(_spec.JobId));
        var groups = await _exchange.SampleAsync(Commands(step), cancellation);
        var sampling = Stopwatch.GetElapsedTime(started);
        paused = _exchange.Paused(_spec.JobId) - paused;
        UngradedLimit.Check($"step {step}", groups, _options.MaxUngradedShare);
        started = Stopwatch.GetTimestamp();
        var settings = StepSettings(step);
        var result = _trainer.Step(LearnFrom(step, groups), settings);
        if (!double.IsFinite(result.Loss) || !double.IsFinite(result.GradientNorm))
            throw new TrainingException("diverged", $"step {step}: loss {result.Loss}, gradient norm {result.GradientNorm}; lower learning_rate (now {Settings.LearningRate}) or raise kl_coefficient");
        var metrics = StepMetrics.Create(groups, result, settings.LearningRate, sampling, paused, Stopwatch.GetElapsedTime(started));
        if (result.RatioMin != 1 || result.RatioMax != 1) LogMismatch(_spec.JobId, step, result.RatioMin, result.RatioMax);
        WriteRollouts(step, groups);
        var manifest = _checkpoints.Commit(step, _policy, _trainer.Optimizer, metrics);
        _weights = manifest.Weights;
        await AnnounceAsync(manifest, cancellation);
    }

    private async Task AnnounceAsync(CheckpointManifest manifest, CancellationToken cancellation)
    {
        await _bus.Publish(new WeightsPublished(_spec.JobId, manifest.Weights), cancellation);
        await _bus.Publish(new StepTrained(_spec.JobId, manifest.Weights.Version, Settings.Steps, manifest.Metrics), cancellation);
    }

    private List<SamplePromptGroup> Commands(int step)
    {
        var dropout = _key.Derive(2).Derive(step);
        return [.. Enumerable.Range(0, Settings.PromptsPerStep).Select(group =>
        {
            var prompt = _prompts.AtPosition((step - 1L) * Settings.PromptsPerStep + group, _key.Derive(1));
            var tokens = _prompts.WithDropout(prompt, Settings.PromptWordDropout, dropout.Derive(group));
            return Command(new GroupId(_spec.JobId, step, GroupPurpose.Train, group, prompt), tokens, Settings.GroupSize, Settings.Temperature);
        })];
    }

    private SamplePromptGroup Command(GroupId id, int[] tokens, int count, double temperature) => new()
    {
        Id = id,
        Weights = _weights,
        PromptTokens = tokens,
        GroupSize = count,
        Seed = _spec.Seed,
        Sampling = new SamplingParameters
        {
            MaxCompletionTokens = Settings.MaxCompletionTokens,
            Temperature = temperature,
            TopP = id.Purpose == GroupPurpose.Train ? Settings.TopP : 1,
            TopK = id.Purpose == GroupPurpose.Train ? Settings.TopK : 0,
        },
    };

    private PolicyStepSettings StepSettings(int step) => new()
    {
        LearningRate = LearningRate(step),
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

    /// <summary>Linear up over the warm-up, then linear down to the final share of the peak at the last step.</summary>
    private double LearningRate(int step)
    {
        if (step <= Settings.WarmupSteps) return Settings.LearningRate * step / Settings.WarmupSteps;
        var done = (double)(step - Settings.WarmupSteps) / Math.Max(1, Settings.Steps - Settings.WarmupSteps);
        return Settings.LearningRate * (1 - (1 - Settings.FinalLearningRateRatio) * done);
    }

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

    private void WriteRollouts(int step, PromptGroupGraded[] groups) =>
        ArtifactStore.WriteAtomically(_artifacts.RolloutsFile(_spec.JobId, step), stream =>
        {
            foreach (var group in groups)
            {
                JsonSerializer.Serialize(stream, WithoutTimes(group), ArtifactStore.Json);
                stream.WriteByte((byte)'\n');
            }
        });

    // The same job writes the same file.
    private static PromptGroupGraded WithoutTimes(PromptGroupGraded group) => group with
    {
        Rollouts = [.. group.Rollouts.Select(rollout => rollout with { Parts = [.. rollout.Parts.Select(part => part with { Seconds = null })] })],
    };

    /// <summary>Validates before the first step, every so many steps, and after the last one.</summary>
    private async Task EvaluateAsync(CancellationToken cancellation)
    {
        var version = _weights.Version;
        var due = version == 0 || version == Settings.Steps || (Settings.EvalInterval > 0 && version % Settings.EvalInterval == 0);
        if (_validation is null || !due) return;
        var greedy = await EvaluateAsync(GroupPurpose.EvalGreedy, count: 1, temperature: 0, cancellation);
        var sampled = Settings.EvalSamples > 0 ? await EvaluateAsync(GroupPurpose.EvalSampled, Settings.EvalSamples, temperature: 1, cancellation) : [];
        await _bus.Publish(new EvalCompleted(_spec.JobId, version, EvalMetrics.Create(greedy, sampled)), cancellation);
    }

    private async Task<List<GradedRollout>> EvaluateAsync(GroupPurpose purpose, int count, double temperature, CancellationToken cancellation)
    {
        var commands = Enumerable.Range(0, _validation!.Count)
            .Select(i => Command(new GroupId(_spec.JobId, _weights.Version, purpose, i, i), _validation.Tokens(i), count, temperature)).ToList();
        var groups = await _exchange.SampleAsync(commands, cancellation);
        UngradedLimit.Check($"validation of version {_weights.Version}", groups, _options.MaxUngradedShare);
        return [.. groups.SelectMany(group => group.Rollouts)];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "job {JobId}: resumed after step {Step}")]
    private partial void LogResumed(string jobId, int step);

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {JobId} step {Step}: importance ratio before the update is {Min} to {Max}, not 1")]
    private partial void LogMismatch(string jobId, int step, float min, float max);
}
