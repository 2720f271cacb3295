using System.Text.RegularExpressions;

namespace Aspire.Hosting.Orchestration;

/// <summary>The console lines of one process of this run as a file, for those who come after the host has ended.</summary>
internal sealed partial class LogFile : IDisposable
{
    public const string Setting = "Hosting:LogDirectory";
    private readonly Lock gate = new();
    private readonly StreamWriter? writer;

    public LogFile(string? directory, string name)
    {
        if (directory is null) return;
        Directory.CreateDirectory(directory);
        writer = new StreamWriter(Path.Combine(directory, name + ".log"), append: false) { AutoFlush = true };
    }

    public void Write(string line)
    {
        lock (gate) writer?.WriteLine(Colour().Replace(line, ""));
    }

    public void Dispose()
    {
        lock (gate) writer?.Dispose();
    }

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex Colour();
}
