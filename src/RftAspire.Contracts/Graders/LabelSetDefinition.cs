namespace RftAspire.Contracts.Graders;

/// <summary>What <see cref="LabelSetDefinition"/> measures; a label named a second time is a wrong one.</summary>
public enum LabelSetMetric
{
    /// <summary>The weighted harmonic mean of precision and recall.</summary>
    FBeta,
    /// <summary>The share of the answer's labels that are right.</summary>
    Precision,
    /// <summary>The share of the row's labels that the answer has.</summary>
    Recall,
    /// <summary>1 where the answer has all of the row's labels and no other, else 0.</summary>
    Exact,
    /// <summary>Right labels over all that are in either.</summary>
    Jaccard,
}

/// <summary>
/// Type <c>label_set</c>: the labels in the answer's JSON against those of the row, as sets; 0 for an answer that is no JSON with an
/// array of texts, numbers, true or false at <paramref name="Output"/>. Labels are equal as JSON values: 1 and 1.0, not 1 and "1".
/// </summary>
/// <param name="Reference">Field <c>reference</c>: one place of the row, an array of labels.</param>
/// <param name="Metric">Field <c>metric</c>: <c>f_beta</c> (default), <c>precision</c>, <c>recall</c>, <c>exact</c> or <c>jaccard</c>.</param>
/// <param name="Beta">Field <c>beta</c>, for <c>f_beta</c>: how many times recall counts as much as precision; default 1.</param>
/// <param name="Output">Field <c>output</c>: path of the labels in the answer; default <c>labels</c>.</param>
/// <param name="IgnoreCase">Field <c>ignore_case</c>: whether upper and lower case are alike; default false.</param>
/// <param name="Empty">Field <c>empty</c>, 0 or 1: the reward where the row has no labels and the answer names none; default 0.</param>
public sealed record LabelSetDefinition(DataPath Reference, LabelSetMetric Metric, double Beta, DataPath Output, bool IgnoreCase, int Empty)
    : GraderDefinition("")
{
    private static readonly Dictionary<string, LabelSetMetric> s_metrics = new()
    {
        ["f_beta"] = LabelSetMetric.FBeta,
        ["precision"] = LabelSetMetric.Precision,
        ["recall"] = LabelSetMetric.Recall,
        ["exact"] = LabelSetMetric.Exact,
        ["jaccard"] = LabelSetMetric.Jaccard,
    };

    public override IEnumerable<GraderColumn> Columns => [new GraderColumn(Reference, ColumnKind.Labels)];

    internal static LabelSetDefinition Read(GraderFields fields)
    {
        var reference = fields.Column("reference");
        var metric = fields.Word("metric", s_metrics, "f_beta");
        var beta = fields.Number("beta", 1);
        if (beta is not (> 0 and <= 100))
            throw fields.Fault("beta", FormattableString.Invariant($"{beta} is not above 0 and at most 100; 1 weighs precision and recall alike"));
        if (metric != LabelSetMetric.FBeta && fields.Find("beta") is not null)
            throw fields.Fault("beta", "says nothing to this metric; leave it out, or use the metric f_beta");
        return new LabelSetDefinition(reference, metric, beta, fields.Output("output", "labels"),
            fields.Flag("ignore_case", false), fields.Count("empty", 0, 0, 1));
    }
}
