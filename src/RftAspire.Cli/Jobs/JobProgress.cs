using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Cli.Jobs;

/// <summary>How far a job is, folded from its events.</summary>
public sealed class JobProgress
{
    private const int StepsAveraged = 10;
    private readonly Queue<double> _stepSeconds = new();

    public JobState State { get; private set; }
    public int Step { get; private set; }
    public int TotalSteps { get; private set; }
    public double? MeanReward { get; private set; }
    /// <summary>Of a job that learns from examples.</summary>
    public double? Loss { get; private set; }
    public double? TokensPerSecond { get; private set; }

    public TimeSpan? TimeLeft => _stepSeconds.Count == 0 ? null : TimeSpan.FromSeconds(_stepSeconds.Average() * (TotalSteps - Step));

    public void Apply(JobEvent e)
    {
        if (e.StateChanged is { } change) State = change.State;
        if (e.StepTrained is { } step) Apply(step);
    }

    private void Apply(StepTrained step)
    {
        (Step, TotalSteps) = (step.Step, step.TotalSteps);
        MeanReward = Metric(step, "reward/mean");
        Loss = Metric(step, "loss/train");
        TokensPerSecond = Metric(step, "tokens/s");
        if (Metric(step, "time/step") is not { } seconds) return;
        _stepSeconds.Enqueue(seconds);
        if (_stepSeconds.Count > StepsAveraged) _stepSeconds.Dequeue();
    }

    private static double? Metric(StepTrained step, string name) => step.Metrics.TryGetValue(name, out var value) ? value : null;
}
