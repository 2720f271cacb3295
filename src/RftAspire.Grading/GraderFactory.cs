using Microsoft.Extensions.Options;
using RftAspire.Contracts.Graders;
using RftAspire.Grading.Formulas;
using RftAspire.Grading.Models;
using RftAspire.Grading.Python;
using RftAspire.Grading.Remote;
using RftAspire.Grading.Rules;
using RftAspire.Grading.Text;

namespace RftAspire.Grading;

/// <summary>Makes graders from their definitions, as far as this process has what they need.</summary>
public sealed class GraderFactory
{
    /// <summary>What model graders ask.</summary>
    public JudgeClient? Judge { get; init; }

    /// <summary>Ways to graders that live elsewhere; by itself to this machine alone.</summary>
    public RemoteLines Lines { get => field ??= new RemoteLines(Options.Create(new GradingOptions())); init; }

    /// <summary>Where results of graders that cost something are kept, null where they are not.</summary>
    public GradeCache? Cache { get; init; }

    /// <summary>Where <c>python</c> graders run.</summary>
    public PythonSandbox? Python { get; init; }

    /// <summary>Reads a grader as the caller wrote it; throws <see cref="GraderException"/> where it cannot be used.</summary>
    public IGrader Parse(string json) => Create(GraderDefinition.Parse(json));

    public IGrader Create(GraderDefinition definition) => definition is MultiDefinition multi
        ? new MultiGrader(multi, [.. multi.Graders.Select(Create)])
        : new GuardedGrader(definition, CreateSingle(definition));

    /// <summary>
    /// Looks for what a definition alone cannot tell: hosts that may not be called, services that this process lacks, sources that do
    /// not load. Throws <see cref="GraderException"/> for the first of them; a machine without a sandbox is none.
    /// </summary>
    public async Task CheckAsync(GraderDefinition definition, CancellationToken cancellation)
    {
        Create(definition);
        foreach (var program in definition.Leaves.OfType<PythonDefinition>())
        {
            if (Python is not null && await Python.ValidateAsync(program.Source, cancellation) is { Kind: not PythonFaults.SandboxUnavailable } failed)
                throw new GraderException($"{program.Path}.source", $"cannot be used, {failed.Kind}: {failed.Message}");
        }
    }

    private IGrader CreateSingle(GraderDefinition definition) => definition switch
    {
        EndpointDefinition endpoint => Cached(definition, new EndpointGrader(endpoint, Lines), (request, _) => new(request.JobId)),
        GrpcDefinition service when new GrpcGrader(service, Lines) is var grader => Cached(definition, grader, grader.VersionAsync),
        JsonMatchDefinition match => new JsonMatchGrader(match),
        LabelModelDefinition label when Judge is not null => new LabelModelGrader(label, Judge),
        LabelSetDefinition labels => new LabelSetGrader(labels),
        LengthDefinition length => new LengthGrader(length),
        NumericDefinition numeric => new NumericGrader(numeric),
        PythonDefinition program when Python is not null => Cached(definition, new PythonGrader(program, Python), (_, _) => new("")),
        RankingDefinition ranking => new RankingGrader(ranking),
        RegexDefinition regex => new RegexGrader(regex),
        ScoreModelDefinition score when Judge is not null => new ScoreModelGrader(score, Judge),
        StringCheckDefinition check => new StringCheckGrader(check),
        TextSimilarityDefinition similarity => new TextSimilarityGrader(similarity),
        _ => throw new GraderException("$.type", $"'{definition.Type}' needs services that this process does not have; let the platform grade"),
    };

    private IGrader Cached(GraderDefinition definition, IGrader grader, Func<GradeRequest, CancellationToken, ValueTask<string?>> edition) =>
        Cache is null ? grader : new CachedGrader(definition, grader, Cache, edition);
}
