using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading.Rules;

/// <summary>A grader that computes its reward from row and answer alone.</summary>
public abstract class RuleGrader(GraderDefinition definition) : IGrader
{
    /// <summary>Constant answers tried at most.</summary>
    protected const int MaxConstants = 256;

    private static readonly Sample s_noAnswer = new("");
    private readonly DataPath[] _columns = [.. definition.Columns.Select(column => column.Path)];

    public ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation) => new(Grade(request));

    public abstract IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items);

    /// <summary>What a template of the row's columns is filled with, the commonest first.</summary>
    protected static IEnumerable<string> Commonest(Template reference, IReadOnlyList<JsonElement> items) => Json
        .CommonestFirst(items.Select(item => reference.Fill(new GradeRequest(item, s_noAnswer))).OfType<string>())
        .Take(MaxConstants);

    /// <summary>The result on a row that has every column the grader reads.</summary>
    protected abstract GradeResult Compute(GradeRequest request);

    private GradeResult Grade(GradeRequest request)
    {
        foreach (var column in _columns)
        {
            if (column.Find(request.Item) is null) return GradeResult.InvalidReference($"item.{column} is missing on this row; mend the row");
        }
        return Compute(request);
    }
}
