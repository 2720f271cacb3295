namespace RftAspire.Engine.Tokenization;

/// <summary>How tokens become text again.</summary>
/// <param name="ByteLevel">Tokens spell bytes in the byte alphabet.</param>
/// <param name="Replace">What becomes of a token's spelling, in order.</param>
/// <param name="ByteFallback">Tokens such as &lt;0xE4&gt; are one byte.</param>
/// <param name="FirstWithout">A character that is left out of the first token; elsewhere it is replaced.</param>
/// <param name="StripStart">Up to so many of this character are left out at the start of the text.</param>
internal sealed record DecoderSteps(bool ByteLevel, IReadOnlyList<(string From, string To)> Replace, bool ByteFallback = false,
    char? FirstWithout = null, (char Character, int Most)? StripStart = null);

internal static partial class TokenizerSteps
{
    /// <summary>The ids that go before and after a text where special tokens are added.</summary>
    public static (int[] Before, int[] After) PostProcessor(JsonField? field)
    {
        if (field is not { } post) return ([], []);
        switch (post.Type)
        {
            case "ByteLevel":
                post.Only("type", "add_prefix_space", "trim_offsets", "use_regex");
                return ([], []);
            case "TemplateProcessing": return ReadTemplate(post.Only("type", "single", "pair", "special_tokens"));
            case "BertProcessing":
            case "RobertaProcessing":
                post.Only("type", "sep", "cls", "trim_offsets", "add_prefix_space");
                return ([TokenId(post["cls"])], [TokenId(post["sep"])]);
            case "Sequence":
                var (before, after) = (Array.Empty<int>(), Array.Empty<int>());
                foreach (var (outerBefore, outerAfter) in post.Only("type", "processors")["processors"].Items.Select(item => PostProcessor(item)))
                    (before, after) = ([.. outerBefore, .. before], [.. after, .. outerAfter]);
                return (before, after);
            default: throw post["type"].Fault("is not supported: TemplateProcessing, ByteLevel, BertProcessing, RobertaProcessing and Sequence are");
        }
    }

    /// <summary>A token given as its text and its id.</summary>
    private static int TokenId(JsonField pair) => pair.Items.ToArray() is [_, var id] && id.Value.TryGetInt32(out var value) ? value : throw pair.Fault("is not a token and its id");

    private static (int[] Before, int[] After) ReadTemplate(JsonField field)
    {
        List<int> before = [], after = [];
        var into = before;
        foreach (var piece in field["single"].Items)
        {
            if (piece.Only("Sequence", "SpecialToken").Optional("SpecialToken") is { } special)
            {
                var token = field["special_tokens"][special.Only("id", "type_id")["id"].Text];
                into.AddRange(token.Only("id", "ids", "tokens")["ids"].Items.Select(id => id.Value.TryGetInt32(out var value) ? value : throw id.Fault("is not an id")));
            }
            else if (piece["Sequence"].Only("id", "type_id")["id"].Text == "A" && into == before) into = after;
            else throw piece.Fault("is not the one sequence 'A'");
        }
        return into == after ? ([.. before], [.. after]) : throw field["single"].Fault("lacks the sequence 'A'");
    }

    /// <param name="field">The decoder; without one a byte-level vocabulary is decoded as bytes and another as it is spelt.</param>
    public static DecoderSteps Decoder(JsonField? field, bool byteLevel)
    {
        if (field is not { } decoder) return new DecoderSteps(byteLevel, []);
        JsonField[] items = decoder.Type == "Sequence" ? [.. decoder.Only("type", "decoders")["decoders"].Items] : [decoder];
        var steps = new DecoderSteps(false, []);
        var fused = false;
        foreach (var item in items)
        {
            // The rest of a chain works on whole text or on bytes, where only a strip of its start is needed.
            if (item.Type is "Replace" or "Metaspace" && (fused || steps.ByteFallback)) throw item.Fault("is not supported after ByteFallback or Fuse");
            if (steps.ByteLevel && item.Type != "Fuse") throw item.Fault("is not supported after ByteLevel");
            steps = item.Type == "Strip" && !fused ? throw item.Fault("is not supported before Fuse") : With(steps, item);
            fused |= item.Type == "Fuse";
        }
        return steps;
    }

    private static DecoderSteps With(DecoderSteps steps, JsonField item)
    {
        switch (item.Type)
        {
            case "ByteLevel":
                item.Only("type", "add_prefix_space", "trim_offsets", "use_regex");
                return steps with { ByteLevel = true };
            case "ByteFallback":
                item.Only("type");
                return steps with { ByteFallback = true };
            case "Fuse":
                item.Only("type");
                return steps;
            case "Replace":
                var from = item.Only("type", "pattern", "content")["pattern"].Only("String")["String"];
                return from.Text == "" ? throw from.Fault("is empty") : steps with { Replace = [.. steps.Replace, (from.Text, item["content"].Text)] };
            case "Metaspace":
                var (mark, scheme) = ReadMetaspace(item);
                return steps with { Replace = [.. steps.Replace, (mark.ToString(), " ")], FirstWithout = scheme == "never" ? null : mark };
            case "Strip":
                if (item.Only("type", "content", "start", "stop").Integer("stop") != 0) throw item["stop"].Fault("is not supported: only 0 is");
                return steps with { StripStart = (item.Character("content"), item.Integer("start")) };
            default: throw item["type"].Fault("is not supported: ByteLevel, Metaspace, Replace, ByteFallback, Fuse, Strip and Sequence are");
        }
    }
}
