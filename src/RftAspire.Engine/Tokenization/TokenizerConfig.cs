using System.Text.Json;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tokenization;

/// <summary>What a folder's tokenizer_config.json says of special tokens and chat templates, with the templates in files beside it.</summary>
internal sealed record TokenizerConfig
{
    private const string Default = "default";

    private static readonly string[] Families = ["Llama", "CodeLlama", "Gemma"];

    private static readonly string[] TokenNames = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    /// <summary>Names such as "bos_token", which templates know them by, and the tokens.</summary>
    public Dictionary<string, string> SpecialTokens { get; init; } = [];

    /// <summary>Templates by name, with the file each comes from; "default" is for plain chat.</summary>
    public Dictionary<string, (string File, string Source)> Templates { get; init; } = [];

    public string? TokenizerClass { get; init; }

    public bool? AddBosToken { get; init; }

    public bool? AddEosToken { get; init; }

    /// <exception cref="CheckpointException">A file is malformed.</exception>
    public static TokenizerConfig Read(string folder)
    {
        var path = Path.Combine(folder, "tokenizer_config.json");
        var config = File.Exists(path) ? ReadFile(path) : new TokenizerConfig();
        config.AddFile(Path.Combine(folder, "chat_template.jinja"), Default);
        var others = Path.Combine(folder, "additional_chat_templates");
        if (Directory.Exists(others))
            foreach (var file in Directory.GetFiles(others, "*.jinja").Order(StringComparer.Ordinal)) config.AddFile(file, Path.GetFileNameWithoutExtension(file));
        return config;
    }

    /// <summary>
    /// Hugging Face's tokenizers of the Llama and Gemma families make their post-processor of add_bos_token and add_eos_token where the
    /// config has them, whatever tokenizer.json says; others leave these flags aside, and so does this.
    /// </summary>
    public TokenizerDefinition Apply(TokenizerDefinition definition)
    {
        if ((AddBosToken ?? AddEosToken) is null || TokenizerClass is null || !Families.Any(family => TokenizerClass.StartsWith(family, StringComparison.Ordinal))) return definition;
        return definition.WithEnds(AddBosToken ?? true ? Special(definition, "bos_token") : [], AddEosToken ?? false ? Special(definition, "eos_token") : []);
    }

    /// <summary>The token and its id; none where the folder names no such token.</summary>
    private (string, int)[] Special(TokenizerDefinition definition, string name)
    {
        if (!SpecialTokens.TryGetValue(name, out var token)) return [];
        if (definition.AddedTokens.FirstOrDefault(added => added.Content == token) is { } added) return [(token, added.Id)];
        return definition.Vocabulary.TryGetValue(token, out var id) ? [(token, id)] : [];
    }

    private static TokenizerConfig ReadFile(string path)
    {
        using var json = TokenizerJson.Parse(path);
        return TokenizerJson.Reading(path, () =>
        {
            var root = new JsonField(path, "", json.RootElement);
            var config = new TokenizerConfig
            {
                TokenizerClass = root.Optional("tokenizer_class")?.Text,
                AddBosToken = root.Optional("add_bos_token") is null ? null : root.Flag("add_bos_token", false),
                AddEosToken = root.Optional("add_eos_token") is null ? null : root.Flag("add_eos_token", false),
            };
            foreach (var name in TokenNames)
                if (root.Optional(name) is { } token) config.SpecialTokens[name] = token.Value.ValueKind == JsonValueKind.Object ? token["content"].Text : token.Text;
            if (root.Optional("chat_template") is { } template) config.AddTemplates(template);
            return config;
        });
    }

    private void AddTemplates(JsonField template)
    {
        if (template.Value.ValueKind == JsonValueKind.String) Templates[Default] = (template.File, template.Text);
        else
            foreach (var named in template.Items) Templates[named["name"].Text] = (template.File, named["template"].Text);
        if (!Templates.ContainsKey(Default)) throw new CheckpointException(template.File, "chat_template is a list without a 'default' template");
    }

    private void AddFile(string path, string name)
    {
        if (File.Exists(path)) Templates[name] = (path, TokenizerJson.Reading(path, () => File.ReadAllText(path)));
    }
}
