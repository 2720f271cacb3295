using System.Text;
using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Judge.Prompts;

namespace RftAspire.Judge.Answers;

/// <summary>Reads an answer strictly: the whole of it is the JSON that was asked for, or it is unreadable.</summary>
internal static class AnswerReader
{
    private const int LongestExplanation = 4000;
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };

    /// <exception cref="JudgeException">The answer is cut, refused, unreadable or outside what was asked for.</exception>
    public static Verdict Read(Answer answer, Prompt prompt)
    {
        if (answer.Ending == Ending.Refused) throw new JudgeException(JudgeFailureKind.Refused, $"the judge declines: {Excerpt.Of(answer.Text, 200)}");
        if (prompt.Fence.IsIn(answer.Text)) throw Unreadable("repeats the fence around the data: it may have followed the data instead of judging it");
        if (answer.Ending == Ending.Truncated)
            throw new JudgeException(JudgeFailureKind.Truncated, $"the judge's answer was cut after {answer.Usage.CompletionTokens} tokens; raise max_completions_tokens");
        try
        {
            using var document = JsonDocument.Parse(answer.Text, s_strict);
            return Read(document.RootElement, prompt.Form);
        }
        catch (JsonException)
        {
            throw Unreadable($"is no JSON: {Excerpt.Of(answer.Text, 80)}");
        }
        catch (InvalidOperationException)
        {
            throw Unreadable("holds half of a surrogate pair");
        }
    }

    private static Verdict Read(JsonElement answer, AnswerForm form)
    {
        var members = Members(answer, "the answer", "steps", "result");
        if (members["steps"].ValueKind != JsonValueKind.Array) throw Unreadable("has no array 'steps'");
        return form.Read(members["result"], Explanation(members["steps"]));
    }

    private static string Explanation(JsonElement steps)
    {
        var prose = new StringBuilder();
        foreach (var step in steps.EnumerateArray())
        {
            var members = Members(step, "a step", "description", "conclusion");
            if (prose.Length > 0) prose.Append('\n');
            prose.Append(Text(members["description"])).Append(": ").Append(Text(members["conclusion"]));
        }
        return Cut(prose.ToString());
    }

    public static string Cut(string explanation)
    {
        if (explanation.Length <= LongestExplanation) return explanation;
        var length = char.IsHighSurrogate(explanation[LongestExplanation - 2]) ? LongestExplanation - 2 : LongestExplanation - 1;
        return string.Concat(explanation.AsSpan(0, length), "…");
    }

    private static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Unreadable("has a step that is no text");

    private static Dictionary<string, JsonElement> Members(JsonElement value, string what, params string[] names)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Unreadable($"is not what was asked for: {what} is no object");
        var members = value.EnumerateObject().ToDictionary(member => member.Name, member => member.Value, StringComparer.Ordinal);
        return members.Count == names.Length && names.All(members.ContainsKey) ? members
            : throw Unreadable($"is not what was asked for: {what} has {Excerpt.Of(string.Join(", ", members.Keys), 80)}, not exactly {string.Join(", ", names)}");
    }

    private static JudgeException Unreadable(string fault) => new(JudgeFailureKind.Unreadable, $"the judge's answer {fault}");
}
