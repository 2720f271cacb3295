namespace RftAspire.Judge;

/// <summary>No answer of a judge; becomes an outcome before it leaves the service.</summary>
/// <param name="kind">A <see cref="RftAspire.Contracts.JudgeFailureKind"/>.</param>
/// <param name="message">What happened and what helps; never a key.</param>
/// <param name="cause">What it was made from.</param>
public sealed class JudgeException(string kind, string message, Exception? cause = null) : Exception(message, cause)
{
    public string Kind { get; } = kind;
}
