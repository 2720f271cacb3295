using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using RftAspire.Contracts;
using RftAspire.Engine.Numerics;

namespace RftAspire.Cli.Datasets;

/// <summary>An answer with places, <c>{"genes":{{item.genes}}}</c>: text goes in as it is, all else as compact JSON.</summary>
internal sealed partial class AnswerForm
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly string _text;

    public AnswerForm(string option, string text)
    {
        _text = text;
        if (Place().Replace(text, "") is var rest && rest.IndexOf("{{", StringComparison.Ordinal) is >= 0 and var at)
            throw new UsageException($"{option}: '{rest[at..Math.Min(rest.Length, at + 30)]}' is no place; write {{{{item.column}}}} for a value of the row");
        if (!Place().IsMatch(text)) throw new UsageException($"{option}: no place for a value of the row; write {{{{item.column}}}} where one belongs");
    }

    /// <summary>The answer with a row's values, arrays in random order where a key is given.</summary>
    /// <exception cref="UsageException">The row lacks a value.</exception>
    public string Fill(PromptRow row, RandomKey? order)
    {
        var place = 0;
        return Place().Replace(_text, match => Text(Find(row, match.Groups[1].Value), order?.Derive(place++)));
    }

    private static JsonElement Find(PromptRow row, string path)
    {
        var value = row.Item;
        foreach (var name in path.Split('.'))
            if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(name, out value))
                throw new UsageException($"line {row.Line}: the row has no '{path}', which --answer reads");
        return value;
    }

    private static string Text(JsonElement value, RandomKey? order) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array when order is { } key => JsonSerializer.Serialize(key.Permutation(value.GetArrayLength()).Select(at => value[at]), s_json),
        _ => JsonSerializer.Serialize(value, s_json),
    };

    [GeneratedRegex(@"\{\{\s*item\.([^{}\s]+)\s*\}\}")]
    private static partial Regex Place();
}
