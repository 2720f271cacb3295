using System.Text.Json;

namespace RftAspire.Grading;

/// <summary>Turns answers into rewards. A grader is immutable and pure: the same row and answer give the same result.</summary>
public interface IGrader
{
    /// <summary>Grades one answer to a dataset row; <paramref name="item"/> is the row without its messages.</summary>
    GradeResult Grade(JsonElement item, string outputText);

    /// <summary>Answers worth trying on every one of the rows alike, the likeliest first.</summary>
    IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items);
}

/// <summary>Either a reward or the reason why there is none.</summary>
public abstract record GradeResult
{
    private GradeResult()
    {
    }

    /// <summary>A finite number; from 0 to 1 for the graders here.</summary>
    public sealed record Reward(double Value) : GradeResult;

    /// <summary>The answer cannot be judged, which says nothing about its quality.</summary>
    public sealed record Ungraded(string Kind, string Message) : GradeResult;

    internal static Ungraded InvalidReference(string message) => new("invalid_reference", message);
}
