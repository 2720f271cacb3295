using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Cli;

/// <summary>Events of a small job.</summary>
public static class JobEventSamples
{
    public static JobEvent State(long sequence, JobState state, JobError? error = null) =>
        At(sequence, new() { StateChanged = new() { State = state, Error = error } });

    public static JobEvent Step(long sequence, int step, int total, double reward = 0.25, double seconds = 2) => At(sequence, new()
    {
        StepTrained = new()
        {
            Step = step,
            TotalSteps = total,
            WeightsVersion = step,
            Metrics = { ["reward/mean"] = reward, ["tokens/s"] = 12345.6, ["time/step"] = seconds },
        },
    });

    public static JobEvent Eval(long sequence, int step, double greedy, double sampled) => At(sequence, new()
    {
        EvalCompleted = new() { Step = step, Metrics = { ["reward/greedy"] = greedy, ["reward/sampled"] = sampled } },
    });

    public static IEnumerable<JobEvent> WholeJob() =>
    [
        State(1, JobState.Running),
        Eval(2, 0, 0.3, 0.2),
        Step(3, 1, 2),
        Step(4, 2, 2, reward: 0.5),
        Eval(5, 2, 0.5, 0.4),
        State(6, JobState.Succeeded),
    ];

    private static JobEvent At(long sequence, JobEvent e)
    {
        e.Sequence = sequence;
        e.Time = Timestamp.FromDateTime(DateTime.UnixEpoch.AddSeconds(sequence));
        return e;
    }
}
