using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine;

/// <summary>From messages to token ids and from sampled ids to text, as one model's folder says.</summary>
public sealed class PromptEncoder
{
    private readonly ChatTemplate _template;
    private readonly HashSet<int> _specials;

    private PromptEncoder(BpeTokenizer tokenizer, ChatTemplate template, IReadOnlyList<int> stopTokens)
    {
        (Tokenizer, _template, StopTokens) = (tokenizer, template, stopTokens);
        _specials = [.. tokenizer.AddedTokens.Where(token => token.Special).Select(token => token.Id)];
    }

    public BpeTokenizer Tokenizer { get; }

    /// <summary>Ids that end a completion.</summary>
    public IReadOnlyList<int> StopTokens { get; }

    public static bool Exists(string folder) => BpeTokenizer.Exists(folder);

    public static PromptEncoder Load(string folder, ModelConfig config) =>
        new(BpeTokenizer.Load(folder), ChatTemplate.Load(folder), config.EosTokenIds);

    /// <summary>
    /// The prompt that asks for the assistant's next message. Without a chat template it is a text of its own, so it begins with the
    /// tokenizer's own beginning, which a template writes itself.
    /// </summary>
    public int[] Encode(IReadOnlyList<(string Role, string Content)> messages)
    {
        var ids = Tokenizer.Encode(_template.Render(messages, addGenerationPrompt: true), allowSpecial: true);
        return _template.IsPlain ? [.. Tokenizer.BeginningTokens, .. ids] : ids;
    }

    /// <summary>The ids as text, special tokens left out.</summary>
    public string Decode(IEnumerable<int> ids) => Tokenizer.Decode(ids.Where(id => !_specials.Contains(id)).ToArray());
}
