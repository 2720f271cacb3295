namespace RftAspire.Contracts.Graders;

/// <summary>Which number of a text counts.</summary>
public enum NumberPlace
{
    /// <summary>The text is one number, with a currency or a unit at most.</summary>
    Whole,
    /// <summary>The first number in the text.</summary>
    First,
    /// <summary>The last number in the text.</summary>
    Last,
}

/// <summary>
/// Type <c>numeric</c>: 1 where the number in the input is within max(tolerance, relative_tolerance · |r|) of the reference's r, else 0
/// or, with a falloff, less than 1 in proportion to the distance.
/// </summary>
/// <param name="Input">Field <c>input</c>: the text judged; without a number its reward is 0.</param>
/// <param name="Reference">Field <c>reference</c>: text with the right number, read in the same way.</param>
/// <param name="Tolerance">Field <c>tolerance</c>: distance that is still right; default 0.</param>
/// <param name="RelativeTolerance">Field <c>relative_tolerance</c>: the same as a share of the reference, at most 1; default 0.</param>
/// <param name="Extract">Field <c>extract</c>: <c>whole</c> (default), <c>first</c> or <c>last</c>.</param>
/// <param name="Falloff">Field <c>falloff</c>: distance, above the tolerance, at which the reward has fallen to 0 in a straight line; null without.</param>
public sealed record NumericDefinition(
    Template Input, Template Reference, double Tolerance, double RelativeTolerance, NumberPlace Extract, double? Falloff) : GraderDefinition("")
{
    private static readonly Dictionary<string, NumberPlace> s_places = new()
    {
        ["whole"] = NumberPlace.Whole,
        ["first"] = NumberPlace.First,
        ["last"] = NumberPlace.Last,
    };

    public override IEnumerable<GraderColumn> Columns => ColumnsOf(Input, Reference);

    internal static NumericDefinition Read(GraderFields fields)
    {
        var tolerance = fields.Number("tolerance", 0, 0, 1e300);
        double? falloff = fields.Find("falloff") is null ? null : fields.Number("falloff", 0, 0, 1e300);
        if (falloff <= tolerance)
            throw fields.Fault("falloff", FormattableString.Invariant($"{falloff} is not above the tolerance of {tolerance}; the reward falls from 1 to 0 between them"));
        return new NumericDefinition(fields.Template("input"), fields.Template("reference"), tolerance,
            fields.Number("relative_tolerance", 0, 0, 1), fields.Word("extract", s_places, "whole"), falloff);
    }
}
