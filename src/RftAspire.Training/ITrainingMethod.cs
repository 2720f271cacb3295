using RftAspire.Contracts.Messages;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>
/// How a job learns. Each step is a function of the weights, the optimizer's state and the step's number, so a job can stop behind any
/// step and go on as if it had not.
/// </summary>
internal interface ITrainingMethod : IDisposable
{
    AdamW Optimizer { get; }

    /// <summary>Called after weights and optimizer were taken from a checkpoint.</summary>
    void WeightsChanged();

    /// <summary>One update; returns the step's metrics.</summary>
    Task<Dictionary<string, double>> StepAsync(int step, WeightsReference weights, CancellationToken cancellation);

    /// <summary>The metrics of these weights on the validation rows; null where there are no such rows.</summary>
    Task<Dictionary<string, double>?> ValidateAsync(WeightsReference weights, CancellationToken cancellation);

    /// <summary>Whether the weights behind a step may be kept as a model.</summary>
    bool IsCheckpoint(int step);
}
