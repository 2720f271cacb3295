namespace RftAspire.Cli;

/// <summary>All that a command reads or writes beside its arguments, so that one process can run many commands at once.</summary>
public sealed record Surroundings
{
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public required string WorkingDirectory { get; init; }
    public required Func<string, string?> Variable { get; init; }
    /// <summary>Whether Out is a terminal that can redraw a line.</summary>
    public bool IsTerminal { get; init; }

    public static Surroundings OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        WorkingDirectory = Environment.CurrentDirectory,
        Variable = Environment.GetEnvironmentVariable,
        IsTerminal = !Console.IsOutputRedirected,
    };

    public string FullPath(string path) => Path.GetFullPath(path, WorkingDirectory);
}
