namespace RftAspire.Contracts.Graders;

/// <summary>
/// Type <c>label_set</c>: F-beta between the labels in the answer's JSON and those of the row, as sets; 0 for an answer
/// that is no JSON object with an array of strings at <paramref name="Output"/>.
/// </summary>
/// <param name="Reference">Field <c>reference</c>: one place of the row, an array of strings.</param>
/// <param name="Beta">Field <c>beta</c>: how many times recall counts as much as precision; default 1.</param>
/// <param name="Output">Field <c>output</c>: path of the labels in the answer; default <c>labels</c>.</param>
public sealed record LabelSetDefinition(DataPath Reference, double Beta, DataPath Output) : GraderDefinition("")
{
    public override IEnumerable<GraderColumn> Columns => [new GraderColumn(Reference, ColumnKind.Labels)];

    internal static LabelSetDefinition Read(GraderFields fields)
    {
        var reference = fields.Column("reference");
        var beta = fields.Number("beta", 1);
        if (beta is not (> 0 and <= 100))
            throw fields.Fault("beta", FormattableString.Invariant($"{beta} is not above 0 and at most 100; 1 weighs precision and recall alike"));
        return new LabelSetDefinition(reference, beta, fields.Output("output", "labels"));
    }
}
