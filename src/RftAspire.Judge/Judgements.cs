using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge.Answers;

namespace RftAspire.Judge;

/// <summary>From what the panel found to the wire.</summary>
internal static class Judgements
{
    public static Judgement Of((Finding Finding, IReadOnlyList<ModelUsage> Usage) panel, bool comparison)
    {
        var judgement = new Judgement { Usage = { panel.Usage }, Explanation = (panel.Finding as Verdict)?.Explanation ?? "" };
        switch (panel.Finding)
        {
            case ScoreVerdict verdict:
                judgement.Score = verdict.Score;
                break;
            case ChoiceVerdict verdict when comparison:
                judgement.Preference = verdict.Choice switch { Agreement.First => Preference.A, Agreement.Second => Preference.B, _ => Preference.Tie };
                break;
            case ChoiceVerdict verdict:
                judgement.Label = verdict.Choice;
                break;
            case NoVerdict none:
                judgement.Failure = new JudgeFailure { Kind = none.Kind, Message = none.Message };
                break;
        }
        return judgement;
    }
}
