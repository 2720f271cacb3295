using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Metrics;

/// <summary>One number of a step, or of the eval behind it, under OpenAI's name.</summary>
internal sealed record MetricColumn(string Name, bool OfEval, Func<MetricMap, double?> Read)
{
    private static readonly MetricColumn[] s_reinforcement =
    [
        OfTraining("train_mean_reward", metrics => metrics.Reward),
        OfValidation("full_valid_mean_reward", metrics => metrics.ValidationReward),
        OfTraining("completion_tokens_mean", metrics => metrics["completion_tokens/mean"]),
        // Work before an answer is part of the completion here.
        OfTraining("reasoning_tokens_mean", metrics => metrics.IsAbsent ? null : 0),
        OfTraining("mean_unresponsive_rewards", metrics => metrics.UngradedShare),
    ];

    // What is sampled under a response format fails to be it only where it is cut off.
    private static readonly MetricColumn s_parseErrors = OfValidation("full_valid_mean_parse_error", metrics => metrics["completion/truncated"]);
    private static readonly MetricColumn s_noParseErrors = OfValidation("full_valid_mean_parse_error", metrics => metrics.IsAbsent ? null : 0);

    private static readonly MetricColumn[] s_supervised =
    [
        OfTraining("train_loss", metrics => metrics["loss/train"]),
        OfTraining("train_mean_token_accuracy", metrics => metrics["accuracy/train"]),
        OfValidation("valid_loss", metrics => metrics["loss/valid"]),
        OfValidation("valid_mean_token_accuracy", metrics => metrics["accuracy/valid"]),
        // Every eval reads the whole validation file.
        OfValidation("full_valid_loss", metrics => metrics["loss/valid"]),
        OfValidation("full_valid_mean_token_accuracy", metrics => metrics["accuracy/valid"]),
    ];

    /// <summary>The numbers that stand for a step as a whole.</summary>
    public static IReadOnlyList<MetricColumn> Of(Job job) => job.Method == JobMethod.Supervised ? s_supervised : [.. s_reinforcement, ParseErrorsOf(job)];

    /// <summary>The share of validation answers that are not the JSON that was asked for.</summary>
    public static MetricColumn ParseErrorsOf(Job job) => job.ResponseFormatJson.Length > 0 ? s_parseErrors : s_noParseErrors;

    /// <summary>The numbers of single graders, named by their place.</summary>
    public static IEnumerable<MetricColumn> Of(GraderDefinition grader)
    {
        var name = grader.Name;
        yield return OfTraining($"graders/{name}/train_reward_mean", metrics => metrics.OfGrader(name, "reward"));
        yield return OfValidation($"graders/{name}/valid_reward_mean", metrics => metrics.ValidationRewardOf(name));
        foreach (var fault in GraderFaults.Of(grader.Type))
            yield return OfTraining($"errors/graders/{name}/train_{fault}_count", metrics => metrics.IsAbsent ? null : metrics.FaultsOf(name).GetValueOrDefault(fault));
    }

    private static MetricColumn OfTraining(string name, Func<MetricMap, double?> read) => new(name, false, read);

    private static MetricColumn OfValidation(string name, Func<MetricMap, double?> read) => new(name, true, read);
}
