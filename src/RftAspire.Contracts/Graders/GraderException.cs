namespace RftAspire.Contracts.Graders;

/// <summary>A grader that cannot be used as the caller wrote it.</summary>
/// <param name="path">JSON path of the field at fault.</param>
/// <param name="fault">What is wrong, with the value, and how to mend it.</param>
public sealed class GraderException(string path, string fault) : Exception($"grader {path}: {fault}")
{
    /// <summary>JSON path of the field at fault.</summary>
    public string Path { get; } = path;
}
