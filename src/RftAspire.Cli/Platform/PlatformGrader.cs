using System.Text.Json;
using RftAspire.Client;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;
using RftAspire.Grading.Workbench;

namespace RftAspire.Cli.Platform;

/// <summary>A grader that the platform runs, as it needs services that are there alone. A platform that cannot be reached ends the command.</summary>
public sealed class PlatformGrader(RftClient platform, GraderDefinition definition, GraderFactory graders) : IGrader
{
    // Each of these is a call of a model for every row.
    private const int MaxConstants = 8;
    // Room for calls that are under way: a dataset's rows do not come down on the platform all at once.
    private static readonly SemaphoreSlim s_calls = new(16);

    public async ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
    {
        await s_calls.WaitAsync(cancellation);
        try
        {
            return (await platform.Graders.RunAsync(definition.Json, request.Item.GetRawText(), request.Sample.Text, cancellation)).ToResult();
        }
        finally
        {
            s_calls.Release();
        }
    }

    /// <summary>Those of its parts that run here too.</summary>
    public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => definition.Leaves
        .Where(leaf => !leaf.NeedsPlatform)
        .SelectMany(leaf => graders.Create(leaf).ConstantAnswers(items).Take(MaxConstants))
        .Distinct().Take(MaxConstants);
}
