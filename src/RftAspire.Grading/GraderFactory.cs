using Microsoft.Extensions.Logging.Abstractions;
using RftAspire.Contracts.Graders;
using RftAspire.Grading.Formulas;
using RftAspire.Grading.Python;
using RftAspire.Grading.Rules;

namespace RftAspire.Grading;

/// <summary>Makes graders from their definitions.</summary>
/// <param name="python">Where <c>python</c> graders run; one with default settings, ended with the process, where none is given.</param>
public sealed class GraderFactory(PythonSandbox? python = null)
{
    private readonly Lazy<PythonSandbox> _python = new(() => python ?? new PythonSandbox(new PythonOptions(), NullLogger<PythonSandbox>.Instance));

    /// <summary>Reads a grader as the caller wrote it; throws <see cref="GraderException"/> where it cannot be used.</summary>
    public IGrader Parse(string json) => Create(GraderDefinition.Parse(json));

    public IGrader Create(GraderDefinition definition) => definition is MultiDefinition multi
        ? new MultiGrader(multi, [.. multi.Graders.Select(Create)])
        : new GuardedGrader(definition, CreateSingle(definition));

    private IGrader CreateSingle(GraderDefinition definition) => definition switch
    {
        LabelSetDefinition labels => new LabelSetGrader(labels),
        PythonDefinition program => new PythonGrader(program, _python.Value),
        StringCheckDefinition check => new StringCheckGrader(check),
        _ => throw new ArgumentException($"no grader is made from {definition.GetType().Name}"),
    };
}
