using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.State;

/// <summary>
/// Adds what a step or an eval took to what a job has taken. It is part of the change that records the step, so each counts once, however
/// often the news of it comes.
/// </summary>
internal static class CostSums
{
    public static JobCosts WithStep(this JobCosts costs, IDictionary<string, double> metrics)
    {
        var sum = WithTokens(costs, metrics);
        sum.SamplingSeconds += Value(metrics, "time/sampling");
        sum.TrainingSeconds += Value(metrics, "time/training");
        return sum;
    }

    public static JobCosts WithEval(this JobCosts costs, IDictionary<string, double> metrics)
    {
        var sum = WithTokens(costs, metrics);
        sum.EvalSeconds += Value(metrics, "time/eval");
        return sum;
    }

    private static JobCosts WithTokens(JobCosts costs, IDictionary<string, double> metrics)
    {
        var sum = costs.Clone();
        sum.PromptTokens += Count(metrics, "tokens/prompt");
        sum.CompletionTokens += Count(metrics, "tokens/completion");
        sum.TrainedTokens += Count(metrics, "tokens/trained");
        foreach (var name in metrics.Keys.Where(name => name.StartsWith("grader/", StringComparison.Ordinal)))
        {
            if (name.EndsWith("/tokens/prompt", StringComparison.Ordinal)) sum.JudgePromptTokens += Count(metrics, name);
            if (name.EndsWith("/tokens/completion", StringComparison.Ordinal)) sum.JudgeCompletionTokens += Count(metrics, name);
        }
        return sum;
    }

    private static long Count(IDictionary<string, double> metrics, string name) => (long)Value(metrics, name);

    private static double Value(IDictionary<string, double> metrics, string name) =>
        metrics.TryGetValue(name, out var value) && double.IsFinite(value) ? value : 0;
}
