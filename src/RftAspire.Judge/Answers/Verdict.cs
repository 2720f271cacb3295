namespace RftAspire.Judge.Answers;

/// <summary>What a judge, or several together, found: a verdict or the fault in its place.</summary>
internal abstract record Finding;

internal abstract record Verdict(string Explanation) : Finding;

internal sealed record ScoreVerdict(double Score, string Explanation) : Verdict(Explanation);

internal sealed record ChoiceVerdict(string Choice, string Explanation) : Verdict(Explanation);

internal sealed record NoVerdict(string Kind, string Message) : Finding;
