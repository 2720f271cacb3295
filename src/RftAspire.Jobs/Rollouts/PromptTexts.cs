using System.Text.Json;
using RftAspire.Contracts;

namespace RftAspire.Jobs.Rollouts;

/// <summary>Prompts of a job as text, a line each message: the model's chat template is applied elsewhere.</summary>
internal static class PromptTexts
{
    /// <summary>The texts of some rows; one row is held at a time.</summary>
    /// <param name="root">The artifact store's folder.</param>
    /// <param name="name">The file's name within it.</param>
    /// <param name="rows">From 0.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<Dictionary<int, string>> ReadAsync(string root, string name, IReadOnlySet<int> rows, CancellationToken cancellation)
    {
        var texts = new Dictionary<int, string>();
        if (rows.Count == 0) return texts;
        var path = Path.Combine(root, name);
        if (!File.Exists(path)) throw Faults.Damaged($"{name} is missing; without it the prompts of these rollouts cannot be shown");
        var row = 0;
        await foreach (var line in File.ReadLinesAsync(path, cancellation))
        {
            if (rows.Contains(row)) texts[row] = Text(line, name, row);
            row++;
            if (texts.Count == rows.Count) return texts;
        }
        throw Faults.Damaged($"{name} has {row} rows, but rollouts name row {rows.Max()}");
    }

    private static string Text(string line, string name, int row)
    {
        try
        {
            var prompt = JsonSerializer.Deserialize<PromptRow>(line, ArtifactStore.Json)!;
            return string.Join('\n', prompt.Messages.Select(message => $"{message.Role}: {message.Content}"));
        }
        catch (JsonException error)
        {
            throw Faults.Damaged($"{name} is damaged at row {row}: {error.Message}");
        }
    }
}
