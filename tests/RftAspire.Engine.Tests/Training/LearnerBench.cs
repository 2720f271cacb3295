using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

/// <summary>A learner with its own parameters and threads.</summary>
public sealed class LearnerBench : IDisposable
{
    private readonly Parameters _parameters;

    public LearnerBench(Golden golden, int threads = 2, int rowBudget = 1536)
        : this(CheckpointFolder.Load(golden.Folder), threads, rowBudget)
    {
    }

    public LearnerBench(Parameters parameters, int threads = 2, int rowBudget = 1536, long? activationBytes = null,
        Precision precision = Precision.F32, LoraAdapter? adapter = null)
    {
        (_parameters, Adapter) = (parameters, adapter);
        Team = new ThreadTeam(threads);
        Learner = new Learner(parameters, Team, rowBudget, activationBytes, precision, adapter);
    }

    public ThreadTeam Team { get; }
    public Learner Learner { get; }
    public LoraAdapter? Adapter { get; }

    public void Dispose()
    {
        Learner.Dispose();
        _parameters.Dispose();
        Adapter?.Dispose();
        Team.Dispose();
    }
}
