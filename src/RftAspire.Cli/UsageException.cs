namespace RftAspire.Cli;

/// <summary>The caller's mistake, worded for the caller; the details are printed as a list below the message.</summary>
public sealed class UsageException(string message, params string[] details) : Exception(message)
{
    public IReadOnlyList<string> Details { get; } = details;
}
