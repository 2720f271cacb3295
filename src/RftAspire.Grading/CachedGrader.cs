using System.Text.Json;
using RftAspire.Contracts.Graders;

namespace RftAspire.Grading;

/// <summary>
/// Remembers the rewards of a grader that costs something. What it cannot see makes no difference to it: it is told the edition of
/// whatever stands behind the definition, and keeps nothing where that is unknown. Ungraded results are not kept.
/// </summary>
/// <param name="definition">The grader.</param>
/// <param name="grader">The grader at work.</param>
/// <param name="cache">Where results are kept.</param>
/// <param name="edition">
/// Tells one state of the code behind the grader from another; null where nobody can tell. For <c>grpc</c> it is the version that
/// the service gives for itself. The code behind a URL can change unseen, so an <c>endpoint</c>'s edition is the job: within one job
/// an answer is graded once, and no other job takes its word.
/// </param>
internal sealed class CachedGrader(
    GraderDefinition definition, IGrader grader, GradeCache cache, Func<GradeRequest, CancellationToken, ValueTask<string?>> edition) : IGrader
{
    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        if (!cache.IsOn || await edition(request, cancellation) is not { } current) return await grader.GradeAsync(request, cancellation);
        var digest = GradeDigest.Of(definition, current, request);
        if (await cache.FindAsync(digest) is { } known) return known;
        var result = await grader.GradeAsync(request, cancellation);
        if (result is GradeResult.Reward reward) await cache.KeepAsync(digest, reward);
        return result;
    }

    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => grader.ConstantAnswers(items);
}
