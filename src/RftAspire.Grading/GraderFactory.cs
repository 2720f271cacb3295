using Microsoft.Extensions.Options;
using RftAspire.Contracts.Graders;
using RftAspire.Grading.Formulas;
using RftAspire.Grading.Remote;
using RftAspire.Grading.Rules;

namespace RftAspire.Grading;

/// <summary>Makes graders from their definitions.</summary>
/// <param name="lines">Ways to graders that live elsewhere; without them, ways to this machine alone.</param>
/// <param name="cache">Where results of graders that cost something are kept, null where they are not.</param>
public sealed class GraderFactory(RemoteLines? lines = null, GradeCache? cache = null)
{
    private readonly RemoteLines _lines = lines ?? new RemoteLines(Options.Create(new GradingOptions()));

    /// <summary>Reads a grader as the caller wrote it; throws <see cref="GraderException"/> where it cannot be used.</summary>
    public IGrader Parse(string json) => Create(GraderDefinition.Parse(json));

    public IGrader Create(GraderDefinition definition) => definition is MultiDefinition multi
        ? new MultiGrader(multi, [.. multi.Graders.Select(Create)])
        : new GuardedGrader(definition, CreateSingle(definition));

    private IGrader CreateSingle(GraderDefinition definition) => definition switch
    {
        EndpointDefinition endpoint => Cached(definition, new EndpointGrader(endpoint, _lines), (request, _) => new(request.JobId)),
        GrpcDefinition service when new GrpcGrader(service, _lines) is var grader => Cached(definition, grader, grader.VersionAsync),
        LabelSetDefinition labels => new LabelSetGrader(labels),
        StringCheckDefinition check => new StringCheckGrader(check),
        _ => throw new ArgumentException($"no grader is made from {definition.GetType().Name}"),
    };

    private IGrader Cached(GraderDefinition definition, IGrader grader, Func<GradeRequest, CancellationToken, ValueTask<string?>> edition) =>
        cache is null ? grader : new CachedGrader(definition, grader, cache, edition);
}
