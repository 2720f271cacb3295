namespace RftAspire.Cli;

/// <summary>All that a command reads or writes beside its arguments, so that one process can run many commands at once.</summary>
public sealed record Surroundings
{
    public TextReader In { get; init; } = TextReader.Null;
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public required string WorkingDirectory { get; init; }
    public required Func<string, string?> Variable { get; init; }
    /// <summary>Whether Out is a terminal that can redraw a line.</summary>
    public bool IsTerminal { get; init; }

    public static Surroundings OfProcess() => new()
    {
        In = Console.In,
        Out = Console.Out,
        Error = Console.Error,
        WorkingDirectory = Environment.CurrentDirectory,
        Variable = Environment.GetEnvironmentVariable,
        IsTerminal = !Console.IsOutputRedirected,
    };

    public string FullPath(string path) => Path.GetFullPath(path, WorkingDirectory);

    /// <summary>The full path of a file that the caller names as <paramref name="option"/>.</summary>
    public string ExistingFile(string option, string name)
    {
        var path = FullPath(name);
        if (File.Exists(path)) return path;
        throw new UsageException($"{option} {name}: {(Directory.Exists(path) ? "is a folder; name a file" : "there is no such file")}");
    }
}
