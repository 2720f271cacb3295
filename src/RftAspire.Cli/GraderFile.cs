using System.Text.Json;

namespace RftAspire.Cli;

/// <summary>The file of a grader that a caller names.</summary>
public static class GraderFile
{
    public static string Read(CommandContext context, string file, string option = "--grader")
    {
        var path = context.Surroundings.FullPath(file);
        if (!File.Exists(path)) throw new UsageException($"{option} {file}: there is no such file");
        var text = File.ReadAllText(path);
        try
        {
            using var document = JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new UsageException($"{option} {file}: not JSON: {e.Message}");
        }
        return text;
    }
}
