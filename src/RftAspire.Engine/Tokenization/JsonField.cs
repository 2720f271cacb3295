using System.Text.Json;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>A value of a JSON file together with its name there, so that every fault can say where it is.</summary>
internal readonly record struct JsonField(string File, string Name, JsonElement Value)
{
    /// <summary>The "type" that tells tokenizer.json's steps apart.</summary>
    public string Type => this["type"].Text;

    public string Text => Value.ValueKind == JsonValueKind.String ? Value.GetString()! : throw Fault("is not a string");

    public IEnumerable<JsonField> Items
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Array) throw Fault("is not a list");
            var (file, name) = (File, Name);
            return Value.EnumerateArray().Select((item, index) => new JsonField(file, $"{name}[{index}]", item));
        }
    }

    public JsonField this[string field] => Optional(field) ?? throw Fault($"has no '{field}'");

    /// <summary>The field's value; null where it is absent or null.</summary>
    public JsonField? Optional(string field)
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Fault("is not an object");
        return Value.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? new JsonField(File, $"{Name}.{field}".TrimStart('.'), value) : null;
    }

    public bool Flag(string field, bool fallback) => Optional(field) is not { } flag ? fallback
        : flag.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.Value.GetBoolean()
        : throw flag.Fault("is neither true nor false");

    public int Integer(string field) =>
        this[field] is var number && number.Value.ValueKind == JsonValueKind.Number && number.Value.TryGetInt32(out var value) ? value : throw number.Fault("is not an integer");

    public char Character(string field) => this[field] is { Text: [var only] } && !char.IsSurrogate(only) ? only : throw this[field].Fault("is not one character");

    /// <summary>Refuses fields beside these: an unknown one may change token ids.</summary>
    public JsonField Only(params ReadOnlySpan<string> known)
    {
        if (Value.ValueKind != JsonValueKind.Object) throw Fault("is not an object");
        foreach (var field in Value.EnumerateObject())
            if (!known.Contains(field.Name)) throw new JsonField(File, $"{Name}.{field.Name}".TrimStart('.'), field.Value).Fault("is not supported");
        return this;
    }

    /// <summary>The exception for this field: file, field, value and what is wrong with it.</summary>
    public CheckpointException Fault(string problem)
    {
        var text = Value.ValueKind == JsonValueKind.Undefined ? "" : Value.GetRawText();
        return new(File, $"{(Name == "" ? "the file" : Name)} {problem}: {(text.Length > 120 ? text[..120] + "..." : text)}");
    }
}
