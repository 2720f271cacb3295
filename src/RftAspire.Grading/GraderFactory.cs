using RftAspire.Contracts.Graders;
using RftAspire.Grading.Formulas;
using RftAspire.Grading.Rules;

namespace RftAspire.Grading;

/// <summary>Makes graders from their definitions.</summary>
public sealed class GraderFactory
{
    /// <summary>Reads a grader as the caller wrote it; throws <see cref="GraderException"/> where it cannot be used.</summary>
    public IGrader Parse(string json) => Create(GraderDefinition.Parse(json));

    public IGrader Create(GraderDefinition definition) => definition is MultiDefinition multi
        ? new MultiGrader(multi, [.. multi.Graders.Select(Create)])
        : new GuardedGrader(definition, CreateSingle(definition));

    private static IGrader CreateSingle(GraderDefinition definition) => definition switch
    {
        LabelSetDefinition labels => new LabelSetGrader(labels),
        StringCheckDefinition check => new StringCheckGrader(check),
        _ => throw new ArgumentException($"no grader is made from {definition.GetType().Name}"),
    };
}
