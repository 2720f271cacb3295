using System.Text.Json;

namespace RftAspire.Grading;

/// <summary>Turns answers into rewards. The same row and answer give the same result, save where a grader asks others.</summary>
public interface IGrader
{
    /// <summary>Grades one answer to a dataset row. Those of <see cref="GraderFactory"/> throw nothing but cancellation.</summary>
    ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation);

    /// <summary>Answers worth trying on every one of the rows alike, the likeliest first.</summary>
    IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items);
}

/// <summary>One answer to be graded.</summary>
/// <param name="Item">The dataset row without its messages.</param>
/// <param name="Sample">The answer.</param>
public sealed record GradeRequest(JsonElement Item, Sample Sample)
{
    /// <summary>The job that asks; budgets are kept by job.</summary>
    public string? JobId { get; init; }
}
