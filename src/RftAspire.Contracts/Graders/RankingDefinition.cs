namespace RftAspire.Contracts.Graders;

/// <summary>What <see cref="RankingDefinition"/> measures.</summary>
public enum RankingMetric
{
    /// <summary>1 over the place of the first right item; 0 without one.</summary>
    ReciprocalRank,
    /// <summary>1 where one of the first k items is right, else 0.</summary>
    TopK,
    /// <summary>Discounted cumulative gain of the first k items over the best that there is.</summary>
    Ndcg,
}

/// <summary>
/// Type <c>ranking</c>: a list of texts in the answer's JSON, the best first, against the right items; 0 for an answer that is no
/// JSON with an array of texts at <paramref name="Output"/>. An item named again is not right again but takes its place.
/// </summary>
/// <param name="Reference">
/// Field <c>reference</c>: one place of the row, the right text, an array of right texts, or an object of gains by text, all at least 0
/// and one above; texts without a gain given have gain 1.
/// </param>
/// <param name="Output">Field <c>output</c>: path of the list in the answer; default <c>ranking</c>.</param>
/// <param name="Metric">Field <c>metric</c>: <c>reciprocal_rank</c>, <c>top_k</c> or <c>ndcg</c>.</param>
/// <param name="K">Field <c>k</c>, for <c>top_k</c> and <c>ndcg</c>: places that count, 1 to 10000; default 10.</param>
/// <param name="IgnoreCase">Field <c>ignore_case</c>: whether upper and lower case are alike; default false.</param>
/// <param name="MaxItems">Field <c>max_items</c>: items of an answer that are read, 1 to 10000; default 100.</param>
public sealed record RankingDefinition(DataPath Reference, DataPath Output, RankingMetric Metric, int K, bool IgnoreCase, int MaxItems)
    : GraderDefinition("")
{
    private static readonly Dictionary<string, RankingMetric> s_metrics = new()
    {
        ["reciprocal_rank"] = RankingMetric.ReciprocalRank,
        ["top_k"] = RankingMetric.TopK,
        ["ndcg"] = RankingMetric.Ndcg,
    };

    public override IEnumerable<GraderColumn> Columns => [new GraderColumn(Reference, ColumnKind.Ranking)];

    internal static RankingDefinition Read(GraderFields fields)
    {
        var metric = fields.Word("metric", s_metrics);
        if (metric == RankingMetric.ReciprocalRank && fields.Find("k") is not null)
            throw fields.Fault("k", "says nothing to reciprocal_rank; leave it out, or cut the list with max_items");
        return new RankingDefinition(fields.Column("reference"), fields.Output("output", "ranking"), metric,
            fields.Count("k", 10, 1, 10_000), fields.Flag("ignore_case", false), fields.Count("max_items", 100, 1, 10_000));
    }
}
