using System.IO.Compression;
using System.Text.Json;

namespace RftAspire.Cli.Pretraining;

/// <summary>One act of the pre-training text.</summary>
/// <param name="Celex">Its CELEX number in upper case.</param>
/// <param name="Text">Plain text, one paragraph a line.</param>
internal sealed record Act(string Celex, string Text)
{
    /// <summary>The act's first line, which is its title or heading.</summary>
    public string Title => Text.AsSpan(0, Math.Min(400, Text.Length)).Trim() is var start && start.IndexOf('\n') is var end and > 0 ? start[..end].ToString() : start.ToString();
}

/// <summary>Reads JSON Lines of <c>{"celex": ..., "text": ...}</c>, plain or gzip.</summary>
internal static class LegalText
{
    public static List<Act> Read(string path)
    {
        using var file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(plain);
        var acts = new List<Act>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0) continue;
            using var row = JsonDocument.Parse(line);
            acts.Add(new Act(row.RootElement.GetProperty("celex").GetString()!.ToUpperInvariant(), row.RootElement.GetProperty("text").GetString()!));
        }
        return acts;
    }
}
