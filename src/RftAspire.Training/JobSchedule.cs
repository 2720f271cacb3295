using RftAspire.Contracts;

namespace RftAspire.Training;

/// <summary>What a job's hyperparameters say of single steps.</summary>
internal static class JobSchedule
{
    /// <summary>Linear up over the warm-up, then linear down to the final share of the peak at the last step.</summary>
    public static double LearningRateAt(this Hyperparameters settings, int step)
    {
        if (step <= settings.WarmupSteps) return settings.LearningRate * step / settings.WarmupSteps;
        var done = (double)(step - settings.WarmupSteps) / Math.Max(1, settings.Steps - settings.WarmupSteps);
        return settings.LearningRate * (1 - (1 - settings.FinalLearningRateRatio) * done);
    }

    /// <summary>Whether a weights version is validated: before the first step, every so many steps, and after the last one.</summary>
    public static bool ValidatesAt(this Hyperparameters settings, int version) =>
        version == 0 || version == settings.Steps || (settings.EvalInterval > 0 && version % settings.EvalInterval == 0);
}
