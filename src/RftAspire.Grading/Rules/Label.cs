using System.Globalization;
using System.Text.Json;

namespace RftAspire.Grading.Rules;

/// <summary>A text, a number, true or false, equal as JSON values are: 1 and 1.0, not 1 and "1".</summary>
/// <param name="IsText">Whether it is a text.</param>
/// <param name="Key">The text, or the value's JSON in one of its forms.</param>
internal readonly record struct Label(bool IsText, string Key)
{
    private const double MostExact = 1L << 53;

    /// <summary>The value for writing it as JSON.</summary>
    public object Value => IsText ? Key : JsonElement.Parse(Key);

    /// <summary>The labels of an array of labels, null for anything else.</summary>
    public static Label[]? ReadAll(JsonElement? value, bool ignoreCase)
    {
        if (value is not { ValueKind: JsonValueKind.Array } array) return null;
        var labels = new Label[array.GetArrayLength()];
        var count = 0;
        foreach (var item in array.EnumerateArray())
        {
            if (Read(item, ignoreCase) is not { } label) return null;
            labels[count++] = label;
        }
        return labels;
    }

    private static Label? Read(JsonElement value, bool ignoreCase) => value.ValueKind switch
    {
        JsonValueKind.String => new Label(true, ignoreCase ? value.GetString()!.ToUpperInvariant() : value.GetString()!),
        JsonValueKind.Number => new Label(false, NumberKey(value)),
        JsonValueKind.True => new Label(false, "true"),
        JsonValueKind.False => new Label(false, "false"),
        _ => null,
    };

    private static string NumberKey(JsonElement value)
    {
        if (value.TryGetInt64(out var whole)) return whole.ToString(CultureInfo.InvariantCulture);
        var number = value.GetDouble();
        if (!double.IsFinite(number)) return value.GetRawText();
        return double.IsInteger(number) && Math.Abs(number) <= MostExact
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : number.ToString("R", CultureInfo.InvariantCulture);
    }
}
