namespace RftAspire.Contracts.Graders;

/// <summary>What <see cref="TextSimilarityDefinition"/> measures.</summary>
public enum TextMetric
{
    /// <summary>RapidFuzz's WRatio over letters and words.</summary>
    FuzzyMatch,
    /// <summary>BLEU of one sentence, smoothed.</summary>
    Bleu,
    /// <summary>GLEU of one sentence.</summary>
    Gleu,
    /// <summary>METEOR with stems, without synonyms.</summary>
    Meteor,
    /// <summary>Cosine of hashed counts of letters in a row.</summary>
    Cosine,
    /// <summary>ROUGE, F1 of words.</summary>
    Rouge1,
    /// <summary>ROUGE, F1 of runs of two words.</summary>
    Rouge2,
    /// <summary>ROUGE, F1 of runs of three words.</summary>
    Rouge3,
    /// <summary>ROUGE, F1 of runs of four words.</summary>
    Rouge4,
    /// <summary>ROUGE, F1 of runs of five words.</summary>
    Rouge5,
    /// <summary>ROUGE, F1 of the longest common subsequence of words.</summary>
    RougeL,
}

/// <summary>Type <c>text_similarity</c>: how alike two texts are, from 0 to 1.</summary>
/// <param name="Input">Field <c>input</c>: the text judged.</param>
/// <param name="Reference">Field <c>reference</c>: the text it is compared with.</param>
/// <param name="Metric">Field <c>evaluation_metric</c>.</param>
public sealed record TextSimilarityDefinition(Template Input, Template Reference, TextMetric Metric) : GraderDefinition("")
{
    private static readonly Dictionary<string, TextMetric> s_metrics = new()
    {
        ["fuzzy_match"] = TextMetric.FuzzyMatch,
        ["bleu"] = TextMetric.Bleu,
        ["gleu"] = TextMetric.Gleu,
        ["meteor"] = TextMetric.Meteor,
        ["cosine"] = TextMetric.Cosine,
        ["rouge_1"] = TextMetric.Rouge1,
        ["rouge_2"] = TextMetric.Rouge2,
        ["rouge_3"] = TextMetric.Rouge3,
        ["rouge_4"] = TextMetric.Rouge4,
        ["rouge_5"] = TextMetric.Rouge5,
        ["rouge_l"] = TextMetric.RougeL,
    };

    public override IEnumerable<GraderColumn> Columns => ColumnsOf(Input, Reference);

    internal static TextSimilarityDefinition Read(GraderFields fields) =>
        new(fields.Template("input"), fields.Template("reference"), fields.Word("evaluation_metric", s_metrics));
}
