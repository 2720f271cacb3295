using System.Diagnostics;
using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading;

/// <summary>
/// One grader at work: it gets only rows that have what it reads, whatever it throws concerns one answer only, a reward that is no
/// finite number is none, and what it took is noted. Parts that the grader tells of itself follow its own.
/// </summary>
internal sealed class GuardedGrader(GraderDefinition definition, IGrader grader) : IGrader
{
    private readonly DataPath[] _columns = [.. definition.Columns.Select(column => column.Path)];

    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await GradeOrExplainAsync(request, cancellation);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        GradingMetrics.Duration.Record(seconds, new("grader", definition.Name), new("type", definition.Type));
        return result with
        {
            Parts =
            [
                new GraderPart
                {
                    Name = definition.Name,
                    Type = definition.Type,
                    Reward = (result as GradeResult.Reward)?.Value,
                    Error = result is GradeResult.Ungraded ungraded ? new GradingError(ungraded.Kind, ungraded.Message) : null,
                    Explanation = result.Explanation,
                    Tokens = result.Tokens,
                    Seconds = seconds,
                },
                .. result.Parts,
            ],
        };
    }

    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => grader.ConstantAnswers(items);

    private async ValueTask<GradeResult> GradeOrExplainAsync(GradeRequest request, CancellationToken cancellation)
    {
        foreach (var column in _columns)
        {
            if (column.Find(request.Item) is null) return GradeResult.InvalidReference($"item.{column} is missing on this row; mend the row");
        }
        try
        {
            var result = await grader.GradeAsync(request, cancellation);
            return result is GradeResult.Reward { Value: var value } && !double.IsFinite(value)
                ? new GradeResult.Ungraded("grader_error", $"the reward is {value}; a reward must be finite")
                : result;
        }
#pragma warning disable CA1031 // Whatever a grader throws concerns one rollout, never the group.
        catch (Exception error) when (error is not OperationCanceledException || !cancellation.IsCancellationRequested)
#pragma warning restore CA1031
        {
            return new GradeResult.Ungraded("grader_error", $"{error.GetType().Name}: {error.Message}");
        }
    }
}
