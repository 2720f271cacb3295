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

    public LearnerBench(Parameters parameters, int threads = 2, int rowBudget = 1536, long activationBytes = Learner.DefaultActivationBytes,
        Precision precision = Precision.F32)
    {
        _parameters = parameters;
        Team = new ThreadTeam(threads);
        Learner = new Learner(parameters, Team, rowBudget, activationBytes, precision);
    }

    public ThreadTeam Team { get; }
    public Learner Learner { get; }

    public void Dispose()
    {
        Learner.Dispose();
        _parameters.Dispose();
        Team.Dispose();
    }
}
