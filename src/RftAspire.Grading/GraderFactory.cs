using RftAspire.Contracts.Graders;

namespace RftAspire.Grading;

/// <summary>Makes graders from their definitions.</summary>
public static class GraderFactory
{
    /// <summary>Reads a grader as the caller wrote it; throws <see cref="GraderException"/> where it cannot be used.</summary>
    public static IGrader Parse(string json) => Create(GraderDefinition.Parse(json));

    public static IGrader Create(GraderDefinition definition) => definition switch
    {
        LabelSetDefinition labels => new LabelSetGrader(labels),
        StringCheckDefinition check => new StringCheckGrader(check),
        _ => throw new ArgumentException($"no grader is made from {definition.GetType().Name}"),
    };
}
