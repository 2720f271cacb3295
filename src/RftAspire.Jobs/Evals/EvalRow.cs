using System.Text.Json;
using System.Text.Json.Serialization;
using RftAspire.Contracts.Graders;

namespace RftAspire.Jobs.Evals;

/// <summary>One row of a run: what graders see as <c>item</c>, and the answer where the row brings it.</summary>
/// <param name="Item">An object.</param>
/// <param name="Answer">Null where a model is asked.</param>
public sealed record EvalRow(JsonElement Item, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Answer)
{
    /// <summary>Reads <c>{"item":{…},"sample":{"output_text":…}}</c>; of a line without item the line itself is the item.</summary>
    /// <exception cref="FormatException">It is none of these; the message says what is.</exception>
    public static EvalRow Read(JsonElement line, bool mayBeBare)
    {
        if (line.ValueKind != JsonValueKind.Object) throw new FormatException("is no object; write {\"item\": {…}}");
        if (!line.TryGetProperty("item", out var item))
            return mayBeBare ? new EvalRow(line.Clone(), null) : throw new FormatException("has no item; write {\"item\": {…}}");
        if (item.ValueKind != JsonValueKind.Object) throw new FormatException("has an item that is no object");
        return new EvalRow(item.Clone(), line.TryGetProperty("sample", out var sample) && sample.ValueKind != JsonValueKind.Null ? AnswerOf(sample) : null);
    }

    private static string AnswerOf(JsonElement sample) =>
        sample.ValueKind == JsonValueKind.Object && sample.TryGetProperty("output_text", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : throw new FormatException("has a sample without output_text; write {\"item\": {…}, \"sample\": {\"output_text\": \"…\"}}");
}

/// <summary>How a row becomes what a model is asked.</summary>
public sealed record InputMessages(IReadOnlyList<(string Role, Template Content)> Messages, DataPath? Reference)
{
    private static readonly string[] s_roles = ["system", "developer", "user", "assistant"];
    private static readonly DataPath s_ownMessages = DataPath.Parse("messages")!;

    /// <summary>Reads <c>input_messages</c>; null stands for the item's own messages.</summary>
    /// <exception cref="GraderException">A field is missing or wrong; the path says which.</exception>
    public static InputMessages Read(JsonElement? value)
    {
        if (value is not { ValueKind: JsonValueKind.Object } fields) return value is null ? new InputMessages([], s_ownMessages) : throw Fault("input_messages", "is no object");
        return Text(fields, "type") switch
        {
            "item_reference" => new InputMessages([], ReferenceOf(fields)),
            "template" => new InputMessages([.. TemplateOf(fields)], null),
            var type => throw Fault("input_messages.type", $"'{type}' is unknown; template or item_reference"),
        };
    }

    /// <summary>The conversation for a row.</summary>
    /// <exception cref="FormatException">The row lacks what the messages need.</exception>
    public IEnumerable<(string Role, string Content)> For(JsonElement item)
    {
        if (Reference is null) return [.. Messages.Select(message => (message.Role, Fill(message.Content, item)))];
        if (Reference.Find(item) is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
            throw new FormatException($"item.{Reference} is no array of messages");
        return [.. messages.EnumerateArray().Select(message => message.ValueKind == JsonValueKind.Object && Text(message, "role") is { } role && TextOf(message) is { } content
            ? (role, content)
            : throw new FormatException($"item.{Reference} holds a message without role or content"))];
    }

    private static string Fill(Template content, JsonElement item) => string.Concat(content.Parts.Select(part => part switch
    {
        { Source: TemplateSource.Literal } => part.Literal,
        _ => part.Path.Find(item) switch
        {
            null => throw new FormatException($"the item has no {part.Place["item.".Length..]}"),
            { ValueKind: JsonValueKind.String } text => text.GetString()!,
            { } other => other.GetRawText(),
        },
    }));

    private static IEnumerable<(string, Template)> TemplateOf(JsonElement fields)
    {
        if (!fields.TryGetProperty("template", out var template) || template.ValueKind != JsonValueKind.Array || template.GetArrayLength() == 0)
            throw Fault("input_messages.template", "is no array of messages");
        foreach (var message in template.EnumerateArray())
        {
            var role = message.ValueKind == JsonValueKind.Object ? Text(message, "role") : null;
            if (!s_roles.Contains(role)) throw Fault("input_messages.template.role", $"'{role}' is unknown; one of {string.Join(", ", s_roles)}");
            yield return (role!, ContentOf(message));
        }
    }

    private static Template ContentOf(JsonElement message)
    {
        const string field = "input_messages.template.content";
        var template = Template.Parse(TextOf(message) ?? throw Fault(field, "is no text; write some, or blocks of type input_text"), field);
        var foreign = template.Parts.FirstOrDefault(part => part.Source is not (TemplateSource.Literal or TemplateSource.Item));
        return foreign is null ? template : throw Fault(field, $"'{{{{{foreign.Place}}}}}' is not there before the model has answered; use {{{{item.column}}}}");
    }

    /// <summary>A message's content: a text, a block of text, or an array of these; null where it is anything else.</summary>
    private static string? TextOf(JsonElement message)
    {
        if (!message.TryGetProperty("content", out var content)) return null;
        if (content.ValueKind != JsonValueKind.Array) return BlockText(content);
        var blocks = content.EnumerateArray().Select(BlockText).ToList();
        return blocks.Contains(null) ? null : string.Concat(blocks);
    }

    private static string? BlockText(JsonElement block) => block.ValueKind switch
    {
        JsonValueKind.String => block.GetString(),
        JsonValueKind.Object when Text(block, "type") is "input_text" or "output_text" or "text" => Text(block, "text"),
        _ => null,
    };

    private static DataPath ReferenceOf(JsonElement fields) =>
        Text(fields, "item_reference") is { } text && text.StartsWith("item.", StringComparison.Ordinal) && DataPath.Parse(text["item.".Length..]) is { } path
            ? path
            : throw Fault("input_messages.item_reference", "is no place in the item; write item.messages");

    internal static string? Text(JsonElement fields, string name) =>
        fields.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String ? found.GetString() : null;

    private static GraderException Fault(string path, string message) => new("data_source." + path, message);
}
