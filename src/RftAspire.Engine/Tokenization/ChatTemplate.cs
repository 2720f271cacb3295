using System.Text.Json;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization.Templates;

namespace RftAspire.Engine.Tokenization;

/// <summary>A conversation for a chat template, in the shape of Hugging Face's apply_chat_template.</summary>
public sealed record ChatTemplateInput
{
    /// <summary>A list of objects with role, content and whatever else the template knows, such as tool_calls.</summary>
    public required JsonElement Messages { get; init; }

    /// <summary>A list of function schemas; null offers none.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Ends the text where the assistant's next message begins.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>The date that strftime_now gives. Without one the template finds it undefined, as Llama 3.2's does with a date of its own.</summary>
    public DateTimeOffset? Now { get; init; }

    /// <summary>Further variables of the template, such as enable_thinking.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = new Dictionary<string, JsonElement>();
}

/// <summary>
/// Turns messages into the text that a model was trained on: the Jinja template of its folder, run by an interpreter of the part of
/// Jinja that chat templates use, with bounds on steps, depth and output. Whitespace follows Hugging Face (trim_blocks, lstrip_blocks).
/// </summary>
public sealed class ChatTemplate
{
    private const string ForTools = "tool_use";

    private readonly TemplateProgram? program;
    private readonly Lazy<TemplateProgram>? forTools;
    private readonly IReadOnlyDictionary<string, string> specialTokens;

    private ChatTemplate(TemplateProgram? program, Lazy<TemplateProgram>? forTools, IReadOnlyDictionary<string, string> specialTokens) =>
        (this.program, this.forTools, this.specialTokens) = (program, forTools, specialTokens);

    /// <summary>The template for a folder that has none: the contents, joined by newlines.</summary>
    public static ChatTemplate Plain { get; } = new(null, null, new Dictionary<string, string>());

    /// <summary>True where the folder has no template of its own.</summary>
    public bool IsPlain => program is null;

    /// <summary>
    /// Reads chat_template.jinja, else the chat_template of tokenizer_config.json, one or a list of named ones, of which "tool_use" is
    /// for conversations with tools; <see cref="Plain"/> where there is none.
    /// </summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="file">A template to take instead of the folder's; its special tokens stay the folder's.</param>
    /// <exception cref="CheckpointException">A file is malformed or the template uses what is not supported.</exception>
    public static ChatTemplate Load(string folder, string? file = null)
    {
        var config = TokenizerConfig.Read(folder);
        if (file is not null) return new(Parse(file, File.ReadAllText(file)), null, config.SpecialTokens);
        if (!config.Templates.TryGetValue("default", out var template)) return Plain;
        var forTools = config.Templates.TryGetValue(ForTools, out var other) ? new Lazy<TemplateProgram>(() => Parse(other.File, other.Source)) : null;
        return new(Parse(template.File, template.Source), forTools, config.SpecialTokens);
    }

    /// <exception cref="ChatTemplateException">The template is malformed or uses what is not supported.</exception>
    public static ChatTemplate Parse(string source, string? bosToken = null, string? eosToken = null)
    {
        var tokens = new Dictionary<string, string>(StringComparer.Ordinal);
        if (bosToken is not null) tokens["bos_token"] = bosToken;
        if (eosToken is not null) tokens["eos_token"] = eosToken;
        return new(TemplateParser.Parse(source), null, tokens);
    }

    /// <exception cref="ChatTemplateException">The template refuses the messages or exceeds its bounds.</exception>
    public string Render(IReadOnlyList<(string Role, string Content)> messages, bool addGenerationPrompt, JsonElement? tools = null) => Render(new ChatTemplateInput
    {
        Tools = tools,
        Messages = JsonSerializer.SerializeToElement(messages.Select(message => new { role = message.Role, content = message.Content })),
        AddGenerationPrompt = addGenerationPrompt,
    });

    /// <inheritdoc cref="Render(IReadOnlyList{ValueTuple{string, string}}, bool, JsonElement?)"/>
    public string Render(ChatTemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var messages = FromJson(input.Messages) as List<object?> ?? throw new ChatTemplateException("the messages are not a list");
        if (program is null) return string.Join('\n', messages.Select(PlainContent));
        var variables = TemplateFunctions.All(input.Now);
        foreach (var (name, token) in specialTokens) variables[name] = token;
        variables["messages"] = messages;
        variables["tools"] = input.Tools is { } tools ? FromJson(tools) : null;
        variables["documents"] = null;
        variables["add_generation_prompt"] = input.AddGenerationPrompt;
        foreach (var (name, value) in input.Variables) variables[name] = FromJson(value);
        return (input.Tools is not null && forTools is not null ? forTools.Value : program).Run(variables);
    }

    private static string PlainContent(object? message) =>
        message is Dictionary<string, object?> map && map.TryGetValue("content", out var content) && content is string text ? text
            : throw new ChatTemplateException("a model without a chat template takes messages whose content is a string");

    private static TemplateProgram Parse(string file, string source)
    {
        try
        {
            return TemplateParser.Parse(source);
        }
        catch (ChatTemplateException fault)
        {
            throw new CheckpointException(file, $"chat template: {fault.Message}", fault);
        }
    }

    private static object? FromJson(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? (object)whole : value.GetDouble(),
        JsonValueKind.Array => value.EnumerateArray().Select(FromJson).ToList(),
        JsonValueKind.Object => FromObject(value),
        _ => null,
    };

    private static Dictionary<string, object?> FromObject(JsonElement value)
    {
        var map = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var entry in value.EnumerateObject()) map[entry.Name] = FromJson(entry.Value);
        return map;
    }
}
