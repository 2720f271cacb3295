using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>A grader that computes its reward from row and answer alone.</summary>
public abstract class RuleGrader : IGrader
{
    /// <summary>Constant answers tried at most.</summary>
    protected const int MaxConstants = 256;

    private static readonly Sample s_noAnswer = new("");

    public ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation) => new(Compute(request));

    public abstract IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items);

    /// <summary>What a template of the row's columns is filled with, the commonest first.</summary>
    protected static IEnumerable<string> Commonest(Template reference, IReadOnlyList<JsonElement> items) => Json
        .CommonestFirst(items.Select(item => reference.Fill(new GradeRequest(item, s_noAnswer))).OfType<string>())
        .Take(MaxConstants);

    /// <summary>The result on a row that has every column the grader reads.</summary>
    protected abstract GradeResult Compute(GradeRequest request);
}
