using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts;

namespace RftAspire.Judge.Answers;

/// <summary>What the result of an answer may be.</summary>
internal abstract record AnswerForm
{
    /// <summary>As the prompt shows it in its sketch of the answer.</summary>
    public abstract string Sketch { get; }

    /// <summary>As the prompt demands it.</summary>
    public abstract string Rule { get; }

    /// <exception cref="JudgeException">The result has the wrong type or lies outside.</exception>
    public abstract Verdict Read(JsonElement result, string explanation);

    /// <summary>The schema for endpoints: what all of them understand. Steps come first, so that the model reasons before it decides.</summary>
    public string Schema() => Schema(Result(), new JsonObject { ["type"] = "string" }, limits: []);

    /// <summary>The schema for models of ours: within it every text ends, and its result is one that <see cref="Read"/> takes.</summary>
    /// <param name="steps">The most steps; 0 asks for the result alone.</param>
    public string ClosedSchema(int steps) => Schema(
        ClosedResult(), new JsonObject { ["type"] = "string", ["maxLength"] = 240 }, new() { ["minItems"] = Math.Min(steps, 1), ["maxItems"] = steps });

    protected abstract JsonObject Result();

    protected abstract JsonObject ClosedResult();

    private static string Schema(JsonObject result, JsonObject text, JsonObject limits)
    {
        var steps = new JsonObject
        {
            ["type"] = "array",
            ["items"] = Closed(new() { ["description"] = text, ["conclusion"] = text.DeepClone() }),
        };
        foreach (var (name, limit) in limits) steps[name] = limit?.DeepClone();
        return Closed(new() { ["steps"] = steps, ["result"] = result }).ToJsonString();
    }

    private static JsonObject Closed(JsonObject properties) => new()
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["required"] = new JsonArray([.. properties.Select(property => JsonValue.Create(property.Key))]),
        ["additionalProperties"] = false,
    };
}

/// <summary>A number from min to max.</summary>
internal sealed record ScoreForm(double Min, double Max) : AnswerForm
{
    /// <summary>Numbers that a model of ours chooses from: enough for a small model, and each is short.</summary>
    private const int Levels = 100;

    public override string Sketch => "0.0";

    public override string Rule => string.Create(CultureInfo.InvariantCulture, $"a number from {Min} (worst) to {Max} (best)");

    public override Verdict Read(JsonElement result, string explanation)
    {
        if (result.ValueKind != JsonValueKind.Number || !result.TryGetDouble(out var score) || !double.IsFinite(score))
            throw new JudgeException(JudgeFailureKind.Unreadable, $"the judge's result is no finite number but {Excerpt.Of(result.GetRawText(), 60)}");
        if (score < Min || score > Max)
            throw new JudgeException(JudgeFailureKind.OutOfRange, string.Create(CultureInfo.InvariantCulture, $"the judge's score {score} lies outside {Min} to {Max}; say the range in the rubric"));
        return new ScoreVerdict(score, explanation);
    }

    // Bounds are not in it: several servers refuse schemas with them.
    protected override JsonObject Result() => new() { ["type"] = "number" };

    protected override JsonObject ClosedResult()
    {
        // In decimals a tenth is a tenth; the ends are those of the range to the last bit.
        double Level(int level) => Math.Clamp((double)((decimal)Min + ((decimal)Max - (decimal)Min) * level / Levels), Min, Max);
        return new() { ["enum"] = new JsonArray([.. Enumerable.Range(0, Levels + 1).Select(level => JsonValue.Create(Level(level)))]) };
    }
}

/// <summary>One of some words.</summary>
internal sealed record ChoiceForm(IReadOnlyList<string> Choices) : AnswerForm
{
    public override string Sketch => "\"...\"";

    public override string Rule => $"one of {string.Join(", ", Choices.Select(choice => JsonSerializer.Serialize(choice)))}, letter for letter";

    public override Verdict Read(JsonElement result, string explanation)
    {
        if (result.ValueKind != JsonValueKind.String)
            throw new JudgeException(JudgeFailureKind.Unreadable, $"the judge's result is no text but {Excerpt.Of(result.GetRawText(), 60)}");
        var choice = result.GetString()!;
        if (!Choices.Contains(choice, StringComparer.Ordinal))
            throw new JudgeException(JudgeFailureKind.OutOfRange, $"the judge's answer '{Excerpt.Of(choice, 60)}' is none of {string.Join(", ", Choices)}");
        return new ChoiceVerdict(choice, explanation);
    }

    protected override JsonObject Result() => new() { ["type"] = "string", ["enum"] = new JsonArray([.. Choices.Select(choice => JsonValue.Create(choice))]) };

    protected override JsonObject ClosedResult() => Result();
}
