using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;

namespace RftAspire.Judge;

/// <summary>Refuses what cannot be judged, all faults at once.</summary>
internal static class RequestChecks
{
    private const int MostVotes = 15;
    private const int MostLabels = 100;
    private const int LongestLabel = 200;
    private const double LargestBound = 1e9;
    private const double SmallestRange = 1e-9;
    private static readonly string[] s_roles = ["system", "developer", "user", "assistant"];
    private static readonly string[] s_efforts = ["", "none", "minimal", "low", "medium", "high", "xhigh", "max"];

    public static void Check(ScoreRequest request) => Refuse([.. Faults(request.Question), .. Faults(request.Range), .. MaxDifference(request)]);

    public static void Check(LabelRequest request) => Refuse([.. Faults(request.Question), .. Labels([.. request.Labels])]);

    public static void Check(CompareRequest request) => Refuse(Faults(request.Question));

    private static void Refuse(IEnumerable<string> faults)
    {
        var message = string.Join("; ", faults.Take(10));
        if (message.Length > 0) throw new RpcException(new Status(StatusCode.InvalidArgument, message));
    }

    private static IEnumerable<string> Faults(Question? question)
    {
        if (question is null) return ["question: missing; give model and messages"];
        return [.. Header(question), .. question.Messages.SelectMany(Faults), .. Faults(question.Sampling)];
    }

    private static IEnumerable<string> Header(Question question)
    {
        if (question.Model.Length is 0 or > 200) yield return $"question.model: has {question.Model.Length} characters; name a model in 1 to 200";
        if (question.SecondModel.Length > 200) yield return $"question.second_model: has {question.SecondModel.Length} characters; at most 200";
        if (question.SecondModel.Length > 0 && question.SecondModel == question.Model) yield return $"question.second_model: '{question.Model}' again; name another, or ask for more votes";
        if (question.Votes is < 0 or > MostVotes) yield return $"question.votes: {question.Votes} is not 0 to {MostVotes}";
        if (question.JobId.Length > 0 && !ArtifactStore.IsId(question.JobId)) yield return $"question.job_id: '{question.JobId}' is no id";
        if (!question.Messages.SelectMany(message => message.Parts).Any(part => part.Text.Length > 0))
            yield return "question.messages: no text; say what to judge by";
    }

    private static IEnumerable<string> Faults(Message message, int index)
    {
        var field = $"question.messages[{index}]";
        if (!s_roles.Contains(message.Role)) yield return $"{field}.role: '{message.Role}' is none of {string.Join(", ", s_roles)}";
        foreach (var (i, part) in message.Parts.Index())
        {
            if (part.KindCase == Part.KindOneofCase.None) yield return $"{field}.parts[{i}]: neither text nor data";
            // Names stand in the fence's own lines.
            if (part.KindCase == Part.KindOneofCase.Data && !IsName(part.Data.Name))
                yield return $"{field}.parts[{i}].data.name: '{part.Data.Name}' is no name; letters, digits and _ . - [ ], 1 to 128";
        }
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= 128 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-' or '[' or ']') && !name.Contains("]]", StringComparison.Ordinal);

    private static IEnumerable<string> Faults(SamplingParams? sampling)
    {
        if (sampling is null) yield break;
        if (!(sampling.Temperature is >= 0 and <= 2)) yield return $"question.sampling.temperature: {sampling.Temperature} is not 0 to 2";
        if (sampling.HasTopP && !(sampling.TopP is > 0 and <= 1)) yield return $"question.sampling.top_p: {sampling.TopP} is not above 0 and at most 1";
        if (sampling.HasMaxCompletionsTokens && sampling.MaxCompletionsTokens < 1) yield return $"question.sampling.max_completions_tokens: {sampling.MaxCompletionsTokens} is below 1";
        if (!s_efforts.Contains(sampling.ReasoningEffort)) yield return $"question.sampling.reasoning_effort: '{sampling.ReasoningEffort}' is none of {string.Join(", ", s_efforts.Skip(1))}";
    }

    private static IEnumerable<string> Faults(ScoreRange? range)
    {
        if (range is not null && !(range.Max - range.Min >= SmallestRange && range.Min >= -LargestBound && range.Max <= LargestBound))
            yield return $"range: {range.Min} to {range.Max} is none; min must lie {SmallestRange} or more below max, both within {LargestBound} of 0";
    }

    private static IEnumerable<string> MaxDifference(ScoreRequest request)
    {
        if (!(request.MaxDifference >= 0)) yield return $"max_difference: {request.MaxDifference} must be 0 or more";
    }

    private static IEnumerable<string> Labels(string[] labels)
    {
        if (labels.Length is < 2 or > MostLabels) yield return $"labels: {labels.Length} labels; give 2 to {MostLabels}";
        if (labels.Distinct(StringComparer.Ordinal).Count() < labels.Length) yield return "labels: one is there twice";
        foreach (var label in labels.Where(label => label.Length is 0 or > LongestLabel || label.Any(char.IsControl)).Take(1))
            yield return $"labels: one has {label.Length} characters or control characters; 1 to {LongestLabel} in one line";
    }
}
