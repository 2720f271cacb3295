using System.Text;
using System.Text.Json;
using RftAspire.Contracts;

namespace RftAspire.Ingestion;

/// <summary>Reads a row's <c>messages</c> and says all that is wrong with them.</summary>
internal static class MessageReader
{
    private static readonly string[] s_roles = ["system", "developer", "user", "assistant"];

    /// <param name="row">The whole row.</param>
    /// <param name="last">The role that the last message must have: user where it is to be answered, assistant where the answer is there.</param>
    /// <param name="maxPromptBytes">Bytes of text in all messages at most.</param>
    /// <param name="faults">Where faults are added.</param>
    public static PromptMessage[] Read(JsonElement row, string last, int maxPromptBytes, List<Fault> faults)
    {
        if (FindMessages(row, faults) is not { } array) return [];
        PromptMessage[] messages = [.. array.EnumerateArray().Select((message, index) => ReadMessage(message, index, faults))];
        if (messages[^1].Role != last && s_roles.Contains(messages[^1].Role))
            faults.Add(new Fault($"last_message_not_{last}", $"messages[{messages.Length - 1}].role is \"{messages[^1].Role}\", so {(last == "user" ? "nothing is left to answer" : "there is no answer to learn")}; end with a message of role {last}"));
        var length = messages.Sum(message => (long)Encoding.UTF8.GetByteCount(message.Content));
        if (length > maxPromptBytes)
            faults.Add(new Fault("prompt_too_long", $"messages hold {length} bytes of text, more than the {maxPromptBytes} of any prompt; shorten them"));
        return messages;
    }

    private static JsonElement? FindMessages(JsonElement row, List<Fault> faults)
    {
        const string example = "\"messages\": [{\"role\": \"user\", \"content\": \"…\"}]";
        if (row.ValueKind != JsonValueKind.Object)
            return Add(faults, "row_not_object", $"the row is {Excerpt.Of(row)}; write an object with {example}");
        if (!row.TryGetProperty("messages", out var messages))
            return Add(faults, "missing_messages", $"the row has no \"messages\" (it has {Names(row)}); add {example}");
        if (messages.ValueKind != JsonValueKind.Array)
            return Add(faults, "messages_not_array", $"messages is {Excerpt.Of(messages)}; write {example}");
        if (messages.GetArrayLength() == 0)
            return Add(faults, "messages_empty", $"messages is []; write {example}");
        return messages;
    }

    private static string Names(JsonElement row) =>
        Excerpt.Of(string.Join(", ", row.EnumerateObject().Select(field => field.Name).DefaultIfEmpty("no field")));

    private static PromptMessage ReadMessage(JsonElement message, int index, List<Fault> faults)
    {
        if (message.ValueKind == JsonValueKind.Object)
            return new PromptMessage(ReadRole(message, index, faults), ReadContent(message, index, faults));
        Add(faults, "message_not_object", $"messages[{index}] is {Excerpt.Of(message)}; write {{\"role\": \"user\", \"content\": \"…\"}}");
        return new PromptMessage("", "");
    }

    private static string ReadRole(JsonElement message, int index, List<Fault> faults)
    {
        var found = message.TryGetProperty("role", out var role);
        if (found && role.ValueKind == JsonValueKind.String && s_roles.Contains(role.GetString())) return role.GetString()!;
        Add(faults, "unknown_role", $"messages[{index}].role is {(found ? Excerpt.Of(role) : "missing")}; use {string.Join(", ", s_roles)}, in lower case");
        return "";
    }

    private static string ReadContent(JsonElement message, int index, List<Fault> faults)
    {
        var field = $"messages[{index}].content";
        if (!message.TryGetProperty("content", out var content))
        {
            Add(faults, "content_not_text", $"{field} is missing; write text");
            return "";
        }
        var text = content.ValueKind switch
        {
            JsonValueKind.String => content.GetString(),
            JsonValueKind.Array => ReadParts(content),
            _ => null,
        };
        if (text is null)
            Add(faults, "content_not_text", $"{field} is {Excerpt.Of(content)}; write text, or parts like {{\"type\": \"text\", \"text\": \"…\"}}");
        else if (text.Length == 0)
            Add(faults, "content_empty", $"{field} is {Excerpt.Of(content)}, without any text; write some or leave the message out");
        return text ?? "";
    }

    // The text of all parts, or null where one is not a text part.
    private static string? ReadParts(JsonElement parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts.EnumerateArray())
        {
            if (part.ValueKind != JsonValueKind.Object
                || !part.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() != "text"
                || !part.TryGetProperty("text", out var value) || value.ValueKind != JsonValueKind.String) return null;
            text.Append(value.GetString());
        }
        return text.ToString();
    }

    private static JsonElement? Add(List<Fault> faults, string code, string message)
    {
        faults.Add(new Fault(code, message));
        return null;
    }
}
