using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Training;

/// <summary>The model that a job starts from, loaded to be trained.</summary>
internal sealed class JobModel : IDisposable
{
    // PEFT's habit; it makes the scale 2 whatever the rank.
    private const double AlphaPerRank = 2;

    /// <exception cref="TrainingException">There is no such model.</exception>
    public JobModel(JobSpec spec, ArtifactStore artifacts, int threads)
    {
        Folder = artifacts.ModelFolder(spec.Model) ?? throw new TrainingException("model_not_found", $"there is no model '{spec.Model}'");
        Config = ModelConfig.Load(Path.Combine(Folder, "config.json"));
        Encoder = PromptEncoder.Load(Folder, Config);
        Policy = CheckpointFolder.Load(Folder);
        Team = new ThreadTeam(threads);
        Precision = spec.Hyperparameters.Precision == ProductPrecision.Bf16 ? Precision.BF16 : Precision.F32;
        if (spec.Hyperparameters.LoraRank is > 0 and var rank) Adapter = LoraAdapter.Random(Config, new LoraSettings(rank, AlphaPerRank * rank), RandomKey.FromSeed(spec.Seed).Derive(4));
    }

    public string Folder { get; }
    public ModelConfig Config { get; }
    public PromptEncoder Encoder { get; }
    /// <summary>The weights, frozen where there is an adapter.</summary>
    public Parameters Policy { get; }
    /// <summary>Trained in place of the weights; null where those are.</summary>
    public LoraAdapter? Adapter { get; }
    /// <summary>What is trained.</summary>
    public ParameterVector Trained => Adapter is null ? Policy : Adapter;
    public ThreadTeam Team { get; }
    public Precision Precision { get; }

    /// <summary>Writes a model that needs nothing else: an adapter is merged into a copy of the weights.</summary>
    public void Save(string folder)
    {
        using var merged = Adapter?.Merge(Policy);
        CheckpointFolder.Save(folder, merged ?? Policy, DType.F32, Folder);
    }

    public void Dispose()
    {
        Adapter?.Dispose();
        Policy.Dispose();
        Team.Dispose();
    }
}
