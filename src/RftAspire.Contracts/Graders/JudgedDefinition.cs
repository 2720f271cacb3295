using System.Text.Json;
using System.Text.Json.Nodes;

namespace RftAspire.Contracts.Graders;

/// <summary>A grader that asks a language model.</summary>
/// <param name="Model">Field <c>model</c>: who judges.</param>
/// <param name="Messages">Field <c>input</c>: what the judge is told; places are filled with data that it is warned of.</param>
public abstract record JudgedDefinition(string Model, IReadOnlyList<JudgeMessage> Messages) : GraderDefinition("")
{
    private const int MaxVotes = 15;

    /// <summary>Field <c>sampling_params</c>.</summary>
    public JudgeSampling Sampling { get; private init; } = new();

    /// <summary>Field <c>votes</c>: times the judge is asked; the middle score or commonest label counts. Default 1.</summary>
    public int Votes { get; private init; } = 1;

    /// <summary>Field <c>second_model</c>: another judge that must agree; none by default.</summary>
    public string? SecondModel { get; private init; }

    /// <summary>
    /// Field <c>canary_mark</c>: share of the range, 0 to 1, above which the mean of a worthless answer stops the job before it starts.
    /// Null takes the platform's own mark.
    /// </summary>
    public double? CanaryMark { get; private init; }

    /// <summary>The lowest and the highest reward.</summary>
    public abstract (double Min, double Max) Range { get; }

    public override bool NeedsPlatform => true;

    public override IEnumerable<GraderColumn> Columns => ColumnsOf(Messages.Select(message => message.Content));

    private protected static IReadOnlyList<JudgeMessage> ReadMessages(GraderFields fields)
    {
        // OpenAI's wire has an array; one text is taken for a message of the user.
        if (fields.Find("input") is not { } input) throw fields.Fault("input", "is missing; write an array of messages");
        if (input.ValueKind == JsonValueKind.String) return [new JudgeMessage("user", fields.Template("input"))];
        if (input.ValueKind != JsonValueKind.Array || input.GetArrayLength() == 0)
            throw fields.Fault("input", """is no array of messages; write [{"role": "user", "content": "..."}]""");
        return [.. input.EnumerateArray().Select((message, i) => JudgeMessage.Read(message, $"{fields.PathOf("input")}[{i}]"))];
    }

    private protected static T ReadPanel<T>(T definition, GraderFields fields) where T : JudgedDefinition => definition with
    {
        Sampling = JudgeSampling.Read(fields),
        Votes = fields.Count("votes", 1, 1, MaxVotes),
        SecondModel = fields.Find("second_model") is null ? null : fields.Text("second_model"),
        CanaryMark = fields.Find("canary_mark") is null ? null : fields.Number("canary_mark", 0, 0, 1),
    };
}

/// <summary>
/// Type <c>score_model</c>: the number that a judge gives, as it is. An answer that lacks what the messages read of it gets the
/// lowest of the range.
/// </summary>
/// <param name="MaxDifference">Field <c>max_difference</c>: how far a second judge's score may lie from the first's; default a fifth of the range.</param>
public sealed record ScoreModelDefinition(string Model, IReadOnlyList<JudgeMessage> Messages, (double Min, double Max) Range, double MaxDifference)
    : JudgedDefinition(Model, Messages)
{
    public override (double Min, double Max) Range { get; } = Range;

    internal static ScoreModelDefinition Read(GraderFields fields)
    {
        var range = ReadRange(fields);
        var width = range.Max - range.Min;
        return ReadPanel(new ScoreModelDefinition(fields.Text("model"), ReadMessages(fields), range, fields.Number("max_difference", width / 5, 0, width)), fields);
    }

    private static (double Min, double Max) ReadRange(GraderFields fields)
    {
        if (fields.Find("range") is not { } range)
        {
            fields.Standard("range", new JsonArray(0, 1));
            return (0, 1);
        }
        if (range.ValueKind == JsonValueKind.Array && range.GetArrayLength() == 2 && range.EnumerateArray().All(bound => bound.ValueKind == JsonValueKind.Number)
            && (range[0].GetDouble(), range[1].GetDouble()) is var (min, max) && min < max && double.IsFinite(max - min))
            return (min, max);
        throw fields.Fault("range", $"{range.GetRawText()} is no range; write [lowest, highest], for example [0, 1]");
    }
}

/// <summary>Type <c>label_model</c>: 1 where the label that a judge chooses is a passing one, else 0.</summary>
/// <param name="Labels">Field <c>labels</c>: 2 to 100.</param>
/// <param name="PassingLabels">Field <c>passing_labels</c>: some of them.</param>
public sealed record LabelModelDefinition(string Model, IReadOnlyList<JudgeMessage> Messages, IReadOnlyList<string> Labels, IReadOnlyList<string> PassingLabels)
    : JudgedDefinition(Model, Messages)
{
    public override (double Min, double Max) Range => (0, 1);

    internal static LabelModelDefinition Read(GraderFields fields)
    {
        var (labels, passing) = (fields.Texts("labels"), fields.Texts("passing_labels"));
        if (labels.Length is < 2 or > 100 || labels.Distinct().Count() != labels.Length) throw fields.Fault("labels", "must be 2 to 100 different labels");
        if (passing.Except(labels).FirstOrDefault() is { } foreign)
            throw fields.Fault("passing_labels", $"'{foreign}' is none of the labels {string.Join(", ", labels)}");
        return ReadPanel(new LabelModelDefinition(fields.Text("model"), ReadMessages(fields), labels, passing), fields);
    }
}
