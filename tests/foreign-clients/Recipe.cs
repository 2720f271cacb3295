using System.Text.Json;

namespace RftAspire.ForeignClients;

/// <summary>
/// A request as a client of OpenAI's sends it, with rows and some answers (cookbook/*.json); nothing is put in but the model's name and
/// the ids of the files.
/// </summary>
public sealed class Recipe
{
    private readonly JsonElement _json;

    public Recipe(string name) => _json = JsonElement.Parse(File.ReadAllText(Path.Combine(Folder, name + ".json")));

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal);

    public JsonElement Grader => _json.GetProperty("request").GetProperty("method").GetProperty("reinforcement").GetProperty("grader");

    /// <summary>What some answers are worth, and what the judges of the request say of them.</summary>
    public IEnumerable<JsonElement> Answers => _json.GetProperty("answers").EnumerateArray();

    private static string Folder => Path.Combine(NodeFactAttribute.Repository, "tests", "foreign-clients", "cookbook");

    public string Request(string model, string training, string validation) => _json.GetProperty("request").GetRawText()
        .Replace("o4-mini-2025-04-16", model, StringComparison.Ordinal)
        .Replace("file-TRAIN", training, StringComparison.Ordinal)
        .Replace("file-VALID", validation, StringComparison.Ordinal);

    public JsonElement Row(int index) => _json.GetProperty("rows")[index];

    /// <summary>The rows as JSON Lines.</summary>
    /// <param name="rows"><c>rows</c> or <c>validation_rows</c>.</param>
    public string Lines(string rows) => string.Join('\n', _json.GetProperty(rows).EnumerateArray().Select(row => JsonSerializer.Serialize(row)));
}
