using System.Text;
using RftAspire.Engine.Tokenization.Patterns;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Reads the steps around the model in tokenizer.json: normalizer and pre-tokenizer before it, post-processor and decoder after it.
/// A step, a setting or a field that is not known here is refused by name.
/// </summary>
internal static partial class TokenizerSteps
{
    private const char MetaspaceDefault = '▁';

    public static Func<string, string> Normalizer(JsonField? field) => field is { } normalizer ? ReadNormalizer(normalizer) : text => text;

    /// <summary>The steps in order, and whether one of them is ByteLevel.</summary>
    public static (IReadOnlyList<Func<Pieces, Pieces>> Steps, bool ByteLevel) PreTokenizer(JsonField? field)
    {
        var steps = new List<Func<Pieces, Pieces>>();
        var byteLevel = field is { } pre && AddPreTokenizer(pre, steps);
        return (steps, byteLevel);
    }

    private static Func<string, string> ReadNormalizer(JsonField field)
    {
        switch (field.Type)
        {
            case "NFC": return Plain(field, UnicodeForm.C);
            case "NFD": return Plain(field, UnicodeForm.D);
            case "NFKC": return Plain(field, UnicodeForm.KC);
            case "NFKD": return Plain(field, UnicodeForm.KD);
            case "Lowercase": return Plain(field, Lowercase);
            case "StripAccents": return Plain(field, WithoutMarks);
            case "Prepend":
                var prefix = field.Only("type", "prepend")["prepend"].Text;
                return text => text.Length == 0 ? text : prefix + text;
            case "Replace":
                var (pattern, content) = (ReadPattern(field.Only("type", "pattern", "content")["pattern"]), field["content"].Text);
                return text => Replace(text, pattern, content);
            case "Strip":
                var (left, right) = (field.Only("type", "strip_left", "strip_right").Flag("strip_left", true), field.Flag("strip_right", true));
                return text => (left, right) switch { (true, true) => text.Trim(), (true, false) => text.TrimStart(), (false, true) => text.TrimEnd(), _ => text };
            case "Sequence":
                Func<string, string>[] steps = [.. field.Only("type", "normalizers")["normalizers"].Items.Select(ReadNormalizer)];
                return text => steps.Aggregate(text, (value, step) => step(value));
            default: throw field["type"].Fault("is not supported: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, Prepend, Replace and Sequence are");
        }
    }

    private static Func<string, string> Plain(JsonField field, Func<string, string> step)
    {
        field.Only("type");
        return step;
    }

    /// <summary>Lower case of each character by itself; only U+0130 becomes two.</summary>
    private static string Lowercase(string text) => text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);

    private static string WithoutMarks(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            if (!Marks.Contains(rune.Value)) result.Append(rune.ToString());
        return result.ToString();
    }

    private static readonly CodePointSet Marks = CodePointSet.OfMajor("M");

    private static string Replace(string text, Pattern pattern, string content)
    {
        var matches = new List<(int Start, int End)>();
        pattern.FindAll(text, matches);
        if (matches.Count == 0) return text;
        var result = new StringBuilder(text.Length);
        var done = 0;
        foreach (var (start, end) in matches)
        {
            result.Append(text, done, start - done).Append(content);
            done = end;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }

    private static Pattern ReadPattern(JsonField field)
    {
        if (field.Only("String", "Regex").Optional("String") is { } literal) return Pattern.Literal(literal.Text);
        var expression = field["Regex"];
        try
        {
            return Pattern.Parse(expression.Text);
        }
        catch (NotSupportedException fault)
        {
            throw expression.Fault($"holds what is not supported, {fault.Message}");
        }
    }

    private static bool AddPreTokenizer(JsonField field, List<Func<Pieces, Pieces>> steps)
    {
        switch (field.Type)
        {
            case "Sequence":
                var byteLevel = false;
                foreach (var item in field.Only("type", "pretokenizers")["pretokenizers"].Items) byteLevel |= AddPreTokenizer(item, steps);
                return byteLevel;
            case "ByteLevel":
                AddByteLevel(field, steps);
                return true;
            case "Metaspace":
                AddMetaspace(field, steps);
                return false;
            default:
                var rule = ReadSplit(field);
                steps.Add(pieces => pieces.Split(rule));
                return false;
        }
    }

    private static SplitRule ReadSplit(JsonField field)
    {
        switch (field.Type)
        {
            case "Split": return new(ReadPattern(field.Only("type", "pattern", "behavior", "invert")["pattern"]), Behavior(field["behavior"]), field.Flag("invert", false));
            case "Digits":
                return new(Pattern.OneOf(CodePointSet.OfMajor("N")),
                    field.Only("type", "individual_digits").Flag("individual_digits", false) ? SplitBehavior.Isolated : SplitBehavior.Contiguous);
            case "Punctuation":
                return new(Pattern.OneOf(CodePointSet.Punctuation), field.Only("type", "behavior").Optional("behavior") is { } behavior ? Behavior(behavior) : SplitBehavior.Isolated);
            case "WhitespaceSplit":
                field.Only("type");
                return new(Pattern.OneOf(CodePointSet.WhiteSpace), SplitBehavior.Removed);
            case "CharDelimiterSplit": return new(Pattern.Literal(field.Only("type", "delimiter").Character("delimiter").ToString()), SplitBehavior.Removed);
            default: throw field["type"].Fault("is not supported: ByteLevel, Split, Digits, Punctuation, Metaspace, WhitespaceSplit, CharDelimiterSplit and Sequence are");
        }
    }

    private static SplitBehavior Behavior(JsonField field) =>
        Enum.TryParse<SplitBehavior>(field.Text, out var behavior) && Enum.GetName(behavior) == field.Text ? behavior
            : throw field.Fault($"is not supported: {string.Join(", ", Enum.GetNames<SplitBehavior>())} are");

    private static void AddByteLevel(JsonField field, List<Func<Pieces, Pieces>> steps)
    {
        // Offsets are trimmed for those who ask where a token stood; ids do not depend on it.
        if (field.Only("type", "add_prefix_space", "trim_offsets", "use_regex").Flag("add_prefix_space", true))
            steps.Add(pieces => pieces.Rewrite((piece, _, text) => text.Append(piece[0] == ' ' ? "" : " ").Append(piece)));
        if (field.Flag("use_regex", true))
        {
            var rule = new SplitRule(SplitRule.Gpt2Pattern);
            steps.Add(pieces => pieces.Split(rule));
        }
        steps.Add(pieces => pieces.Spell());
    }

    private static void AddMetaspace(JsonField field, List<Func<Pieces, Pieces>> steps)
    {
        var (mark, scheme) = ReadMetaspace(field);
        var rule = new SplitRule(Pattern.Literal(mark.ToString()), SplitBehavior.MergedWithNext);
        steps.Add(pieces => pieces.Rewrite((piece, first, text) =>
        {
            var start = text.Length;
            if (piece[0] != mark && piece[0] != ' ' && (scheme == "always" || (scheme == "first" && first))) text.Append(mark);
            text.Append(piece).Replace(' ', mark, start, text.Length - start);
        }));
        if (field.Flag("split", true)) steps.Add(pieces => pieces.Split(rule));
    }

    /// <summary>The character that stands for a space, and where one is put before the text: "always", "first" or "never".</summary>
    private static (char Mark, string Scheme) ReadMetaspace(JsonField field)
    {
        field.Only("type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep");
        var mark = field.Optional("replacement") is null ? MetaspaceDefault : field.Character("replacement");
        var prefix = field.Flag("add_prefix_space", true);
        if (field.Optional("prepend_scheme") is not { } scheme) return (mark, prefix ? "always" : "never");
        if (scheme.Text is not ("always" or "first" or "never")) throw scheme.Fault("is not supported: always, first and never are");
        return prefix || scheme.Text == "never" ? (mark, scheme.Text) : throw scheme.Fault("contradicts add_prefix_space, which is false");
    }
}
