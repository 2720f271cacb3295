using System.Text.Json;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization.Templates;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Turns messages into the text that a model was trained on: the Jinja template of its folder, run by an interpreter of the part of
/// Jinja that chat templates use, with bounds on steps and output. Whitespace follows Hugging Face (trim_blocks, lstrip_blocks).
/// </summary>
public sealed class ChatTemplate
{
    private readonly TemplateProgram? program;
    private readonly string? bosToken;
    private readonly string? eosToken;

    private ChatTemplate(TemplateProgram? program, string? bosToken, string? eosToken) =>
        (this.program, this.bosToken, this.eosToken) = (program, bosToken, eosToken);

    /// <summary>The template for a folder that has none: the contents, joined by newlines.</summary>
    public static ChatTemplate Plain { get; } = new(null, null, null);

    /// <summary>Reads chat_template.jinja or the chat_template of tokenizer_config.json; <see cref="Plain"/> where there is neither.</summary>
    /// <exception cref="CheckpointException">A file is malformed or the template uses what is not supported.</exception>
    public static ChatTemplate Load(string folder)
    {
        var configFile = Path.Combine(folder, "tokenizer_config.json");
        var templateFile = Path.Combine(folder, "chat_template.jinja");
        var (source, bos, eos) = File.Exists(configFile) ? ReadConfig(configFile) : (null, null, null);
        if (File.Exists(templateFile)) source = TokenizerJson.Reading(templateFile, () => File.ReadAllText(templateFile));
        else templateFile = configFile;
        if (source is null) return Plain;
        try
        {
            return Parse(source, bos, eos);
        }
        catch (ChatTemplateException fault)
        {
            throw new CheckpointException(templateFile, $"chat template: {fault.Message}", fault);
        }
    }

    /// <exception cref="ChatTemplateException">The template is malformed or uses what is not supported.</exception>
    public static ChatTemplate Parse(string source, string? bosToken = null, string? eosToken = null) =>
        new(TemplateParser.Parse(source), bosToken, eosToken);

    /// <exception cref="ChatTemplateException">The template refuses the messages or exceeds its bounds.</exception>
    public string Render(IReadOnlyList<(string Role, string Content)> messages, bool addGenerationPrompt)
    {
        if (program is null) return string.Join('\n', messages.Select(message => message.Content));
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(message => (object?)new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["role"] = message.Role,
                ["content"] = message.Content,
            }).ToList(),
            ["add_generation_prompt"] = addGenerationPrompt,
        };
        if (bosToken is not null) variables["bos_token"] = bosToken;
        if (eosToken is not null) variables["eos_token"] = eosToken;
        return program.Run(variables);
    }

    private static (string? Template, string? Bos, string? Eos) ReadConfig(string path)
    {
        using var json = TokenizerJson.Parse(path);
        var root = json.RootElement;
        return TokenizerJson.Reading(path, () => (ReadTemplate(path, root), ReadToken(root, "bos_token"), ReadToken(root, "eos_token")));
    }

    /// <summary>One template, or a list of named ones of which "default" is for plain chat.</summary>
    private static string? ReadTemplate(string path, JsonElement root)
    {
        if (!root.TryGetProperty("chat_template", out var template) || template.ValueKind == JsonValueKind.Null) return null;
        if (template.ValueKind == JsonValueKind.String) return template.GetString();
        foreach (var named in template.EnumerateArray())
            if (named.GetProperty("name").ValueEquals("default")) return named.GetProperty("template").GetString();
        throw new CheckpointException(path, "chat_template is a list without a 'default' template");
    }

    private static string? ReadToken(JsonElement root, string field)
    {
        if (!root.TryGetProperty(field, out var token) || token.ValueKind == JsonValueKind.Null) return null;
        return token.ValueKind == JsonValueKind.Object ? token.GetProperty("content").GetString() : token.GetString();
    }
}
