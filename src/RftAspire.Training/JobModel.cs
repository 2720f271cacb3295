using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Training;

/// <summary>The model that a job starts from, loaded to be trained.</summary>
internal sealed class JobModel : IDisposable
{
    /// <exception cref="TrainingException">There is no such model.</exception>
    public JobModel(JobSpec spec, ArtifactStore artifacts, int threads)
    {
        Folder = artifacts.ModelFolder(spec.Model) ?? throw new TrainingException("model_not_found", $"there is no model '{spec.Model}'");
        Config = ModelConfig.Load(Path.Combine(Folder, "config.json"));
        Encoder = PromptEncoder.Load(Folder, Config);
        Policy = CheckpointFolder.Load(Folder);
        Team = new ThreadTeam(threads);
        Precision = spec.Hyperparameters.Precision == ProductPrecision.Bf16 ? Precision.BF16 : Precision.F32;
    }

    public string Folder { get; }
    public ModelConfig Config { get; }
    public PromptEncoder Encoder { get; }
    public Parameters Policy { get; }
    public ThreadTeam Team { get; }
    public Precision Precision { get; }

    public void Dispose()
    {
        Policy.Dispose();
        Team.Dispose();
    }
}
