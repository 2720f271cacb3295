using System.Text.Json;

namespace RftAspire.Cli;

/// <summary>The file a caller names with <c>--grader</c>.</summary>
public static class GraderFile
{
    public static string Read(CommandContext context, string file)
    {
        var path = context.Surroundings.FullPath(file);
        if (!File.Exists(path)) throw new UsageException($"--grader {file}: there is no such file");
        var text = File.ReadAllText(path);
        try
        {
            using var document = JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new UsageException($"--grader {file}: not JSON: {e.Message}");
        }
        return text;
    }
}
