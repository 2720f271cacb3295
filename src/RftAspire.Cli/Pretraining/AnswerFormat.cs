namespace RftAspire.Cli.Pretraining;

/// <summary>The words of the answers, made single tokens so that an answer is short and its grammar easy to learn.</summary>
internal static class AnswerFormat
{
    private const int Boost = 20_000;

    public static readonly string[] Domains =
    [
        "Politics", "International relations", "European Union", "Law", "Economics", "Trade", "Finance", "Social questions",
        "Education and communications", "Science", "Business and competition", "Employment and working conditions", "Transport",
        "Environment", "Agriculture, forestry and fisheries", "Agri-foodstuffs", "Production, technology and research", "Energy",
        "Industry", "Geography", "International organisations",
    ];

    /// <summary>Extra counts for the tokenizer's trainer.</summary>
    public static IReadOnlyDictionary<string, int> BoostedWords()
    {
        string[] grammar = ["{\"", "labels", "\":[\"", "\",\"", "\"]}", "Title", ":", "Domains", "\n"];
        var words = Domains.SelectMany(domain => domain.Split(' ').Select((word, i) => (i == 0 ? "" : " ") + word))
            .SelectMany(word => word.EndsWith(',') ? [word[..^1], ","] : new[] { word });
        return grammar.Concat(words).Distinct().ToDictionary(word => word, _ => Boost);
    }
}
