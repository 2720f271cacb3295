using System.Text.Json.Nodes;
using RftAspire.Contracts.Graders;

namespace RftAspire.Jobs.Metrics;

/// <summary>Tokens that model graders took in a step and its eval, as OpenAI shows them.</summary>
internal static class GraderUsage
{
    private static readonly string[] s_kinds = ["prompt", "completion"];

    /// <summary>By grader, and those of the samples' reasoning.</summary>
    public static JsonObject Usage(IEnumerable<GraderDefinition> graders, MetricMap train, MetricMap valid)
    {
        var samples = new JsonObject();
        foreach (var (prefix, _) in Parts("valid_", train, valid))
        {
            samples[prefix + "reasoning_tokens_mean"] = 0.0;
            samples[prefix + "reasoning_tokens_count"] = 0;
        }
        return new() { ["graders"] = new JsonArray([.. graders.OfType<JudgedDefinition>().Select(grader => Of(grader, train, valid))]), ["samples"] = samples };
    }

    /// <summary>By the model that judges.</summary>
    public static JsonObject ByModel(IEnumerable<GraderDefinition> graders, MetricMap train, MetricMap valid)
    {
        var models = new JsonObject();
        foreach (var judges in graders.OfType<JudgedDefinition>().GroupBy(grader => grader.Model))
        {
            var shown = new JsonObject();
            foreach (var (prefix, metrics) in Parts("eval_", train, valid))
            {
                foreach (var kind in s_kinds) shown[$"{prefix}{kind}_tokens"] = judges.Sum(judge => (long)(metrics.OfGrader(judge.Name, $"tokens/{kind}") ?? 0));
                shown[prefix + "cached_tokens"] = 0;
            }
            models[judges.Key] = shown;
        }
        return models;
    }

    private static JsonObject Of(JudgedDefinition grader, MetricMap train, MetricMap valid)
    {
        var shown = MetricsView.Named(grader);
        shown["model"] = grader.Model;
        foreach (var (prefix, metrics) in Parts("valid_", train, valid))
        {
            foreach (var kind in s_kinds)
            {
                var count = metrics.OfGrader(grader.Name, $"tokens/{kind}") ?? 0;
                if (metrics.Share(count) is { } mean) shown[$"{prefix}{kind}_tokens_mean"] = mean;
                shown[$"{prefix}{kind}_tokens_count"] = (long)count;
            }
        }
        return shown;
    }

    private static IEnumerable<(string Prefix, MetricMap Metrics)> Parts(string evalPrefix, MetricMap train, MetricMap valid)
    {
        if (!train.IsAbsent) yield return ("train_", train);
        if (!valid.IsAbsent) yield return (evalPrefix, valid);
    }
}
