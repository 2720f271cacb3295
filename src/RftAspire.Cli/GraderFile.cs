using System.Text.Json;

namespace RftAspire.Cli;

/// <summary>A JSON file that a caller names, a grader most often.</summary>
public static class GraderFile
{
    public static string Read(CommandContext context, string file, string option = "--grader")
    {
        var text = File.ReadAllText(context.Surroundings.ExistingFile(option, file));
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
