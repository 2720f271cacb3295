namespace RftAspire.Contracts.Graders;

/// <summary>What <see cref="LengthDefinition"/> counts.</summary>
public enum LengthUnit
{
    /// <summary>Code points.</summary>
    Characters,
    /// <summary>Runs of letters, marks and numbers; every letter of a script that is written without spaces.</summary>
    Words,
    /// <summary>Lines; a break at the very end starts no further one, and an empty text has none.</summary>
    Lines,
}

/// <summary>Type <c>length</c>: 1 for an input of the right length; the further off, the less, down to 0.</summary>
/// <param name="Input">Field <c>input</c>: the text measured; default the whole answer.</param>
/// <param name="Unit">Field <c>unit</c>: <c>characters</c>, <c>words</c> or <c>lines</c>.</param>
/// <param name="Min">Field <c>target_min</c>: least right length; default 0.</param>
/// <param name="Max">Field <c>target_max</c>: most right length; null without. One of the two is given.</param>
/// <param name="Falloff">Field <c>falloff</c>: units off at which the reward has fallen to 0 in a straight line; default 0, at once.</param>
public sealed record LengthDefinition(Template Input, LengthUnit Unit, int Min, int? Max, double Falloff) : GraderDefinition("")
{
    private const int Longest = 10_000_000;

    private static readonly Dictionary<string, LengthUnit> s_units = new()
    {
        ["characters"] = LengthUnit.Characters,
        ["words"] = LengthUnit.Words,
        ["lines"] = LengthUnit.Lines,
    };

    public override IEnumerable<GraderColumn> Columns => ColumnsOf(Input);

    internal static LengthDefinition Read(GraderFields fields)
    {
        var min = fields.Count("target_min", 0, 0, Longest);
        int? max = fields.Find("target_max") is null ? null : fields.Count("target_max", 0, 0, Longest);
        if (max is null && fields.Find("target_min") is null) throw fields.Fault("target_max", "is missing; give target_min, target_max or both");
        if (max < min) throw fields.Fault("target_max", $"{max} is below target_min of {min}; swap them");
        return new LengthDefinition(fields.Template("input", "{{sample.output_text}}"), fields.Word("unit", s_units), min, max,
            fields.Number("falloff", 0, 0, Longest));
    }
}
