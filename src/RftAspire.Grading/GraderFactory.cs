using RftAspire.Contracts.Graders;
using RftAspire.Grading.Formulas;
using RftAspire.Grading.Models;
using RftAspire.Grading.Python;
using RftAspire.Grading.Rules;
using RftAspire.Grading.Text;

namespace RftAspire.Grading;

/// <summary>Makes graders from their definitions, as far as this process has what they need.</summary>
public sealed class GraderFactory
{
    /// <summary>What model graders ask.</summary>
    public JudgeClient? Judge { get; init; }

    /// <summary>Where <c>python</c> graders run.</summary>
    public PythonSandbox? Python { get; init; }

    /// <summary>Reads a grader as the caller wrote it; throws <see cref="GraderException"/> where it cannot be used.</summary>
    public IGrader Parse(string json) => Create(GraderDefinition.Parse(json));

    public IGrader Create(GraderDefinition definition) => definition is MultiDefinition multi
        ? new MultiGrader(multi, [.. multi.Graders.Select(Create)])
        : new GuardedGrader(definition, CreateSingle(definition));

    private IGrader CreateSingle(GraderDefinition definition) => definition switch
    {
        JsonMatchDefinition match => new JsonMatchGrader(match),
        LabelModelDefinition label when Judge is not null => new LabelModelGrader(label, Judge),
        LabelSetDefinition labels => new LabelSetGrader(labels),
        LengthDefinition length => new LengthGrader(length),
        NumericDefinition numeric => new NumericGrader(numeric),
        PythonDefinition program when Python is not null => new PythonGrader(program, Python),
        RankingDefinition ranking => new RankingGrader(ranking),
        RegexDefinition regex => new RegexGrader(regex),
        ScoreModelDefinition score when Judge is not null => new ScoreModelGrader(score, Judge),
        StringCheckDefinition check => new StringCheckGrader(check),
        TextSimilarityDefinition similarity => new TextSimilarityGrader(similarity),
        _ => throw new GraderException("$.type", $"'{definition.Type}' needs services that this process does not have; let the platform grade"),
    };
}
