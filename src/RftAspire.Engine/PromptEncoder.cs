using System.Text.Json;
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

    /// <param name="folder">The model's folder.</param>
    /// <param name="config">The model's.</param>
    /// <param name="chatTemplate">A file with a chat template to take instead of the folder's.</param>
    public static PromptEncoder Load(string folder, ModelConfig config, string? chatTemplate = null) =>
        new(BpeTokenizer.Load(folder), ChatTemplate.Load(folder, chatTemplate), config.EosTokenIds);

    /// <summary>
    /// The prompt that asks for the assistant's next message. Without a chat template it is a text of its own, so it begins with the
    /// tokenizer's own beginning, which a template writes itself.
    /// </summary>
    /// <param name="messages">The conversation until then.</param>
    /// <param name="tools">Functions that the model may call, an array as in Chat Completions; a template without a place for them leaves them out.</param>
    public int[] Encode(IReadOnlyList<(string Role, string Content)> messages, JsonElement? tools = null)
    {
        var ids = Tokenizer.Encode(_template.Render(Known(messages), addGenerationPrompt: true, tools), allowSpecial: true);
        return _template.IsPlain ? [.. Tokenizer.BeginningTokens, .. ids] : ids;
    }

    /// <summary>
    /// The assistant's message as a completion to learn: what a model is to sample after <see cref="Encode"/>, with the stop token that
    /// the template puts behind such a message, or the first where it puts none.
    /// </summary>
    /// <param name="prompt">The messages before it.</param>
    /// <param name="answer">The message's text.</param>
    public int[] EncodeAnswer(IReadOnlyList<(string Role, string Content)> prompt, string answer)
    {
        var whole = Tokenizer.Encode(_template.Render([.. Known(prompt), ("assistant", answer)], addGenerationPrompt: false), allowSpecial: true);
        var stop = whole.Reverse().Where(StopTokens.Contains).DefaultIfEmpty(StopTokens[0]).First();
        return [.. Tokenizer.Encode(answer), stop];
    }

    /// <summary>The prompt that is a text as it stands, after the tokenizer's own beginning.</summary>
    public int[] EncodeText(string text) => [.. Tokenizer.BeginningTokens, .. Tokenizer.Encode(text, allowSpecial: true)];

    /// <summary>A control token, which is no part of a completion's text.</summary>
    public bool IsSpecial(int id) => _specials.Contains(id);

    // The templates of these models have no developer, who is the system of newer APIs.
    private static (string Role, string Content)[] Known(IReadOnlyList<(string Role, string Content)> messages) =>
        [.. messages.Select(message => (message.Role == "developer" ? "system" : message.Role, message.Content))];

    /// <summary>The ids as text, special tokens left out.</summary>
    public string Decode(IEnumerable<int> ids) => Tokenizer.Decode(ids.Where(id => !_specials.Contains(id)).ToArray());
}
