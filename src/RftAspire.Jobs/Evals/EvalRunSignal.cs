using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Evals;

/// <summary>Wakes the runner when this process has made, cancelled or deleted a run.</summary>
public sealed class EvalRunSignal
{
    private readonly JobSignal _signal = new();

    public Task Next => _signal.Next;

    public void Raise() => _signal.Raise();
}
