using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using RftAspire.Grading.Workbench;

namespace RftAspire.Cli.Platform;

/// <summary>A grader that the platform runs, as it needs services that are there alone. A platform that cannot be reached ends the command.</summary>
public sealed class PlatformGrader(PlatformConnection platform, GraderDefinition definition, GraderFactory graders) : IGrader
{
    // Each of these is a call of a model for every row.
    private const int MaxConstants = 8;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(10);

    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        await platform.GraderCalls.WaitAsync(cancellation);
        try
        {
            var run = await platform.Workbench.RunAsync(
                new() { GraderJson = definition.Json, ItemJson = request.Item.GetRawText(), ModelSample = request.Sample.Text },
                PlatformConnection.Within(s_patience, cancellation));
            return run.ToResult();
        }
        finally
        {
            platform.GraderCalls.Release();
        }
    }

    /// <summary>Those of its parts that run here too.</summary>
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => definition.Leaves
        .Where(leaf => !leaf.NeedsPlatform)
        .SelectMany(leaf => graders.Create(leaf).ConstantAnswers(items).Take(MaxConstants))
        .Distinct().Take(MaxConstants);
}
