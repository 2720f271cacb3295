using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization.Patterns;

/// <summary>Reads the part of Oniguruma's Ruby syntax that tokenizers use; the rest is refused. Classes and escapes are in the other half.</summary>
internal sealed partial class PatternParser
{
    private const int MaxRepeat = 1000, MaxNodes = 20_000, MaxDepth = 50, MaxLength = 1 << 16;

    private static readonly string[] GroupKinds = ["?:", "?i:", "?>", "?=", "?!", "?<=", "?<!"];

    private readonly string source;
    private int at, loops, nodes, depth;
    private bool ignoreCase;

    private PatternParser(string source) => this.source = source;

    /// <summary>A part of the expression: how it is built before what follows it, and how many code points it takes.</summary>
    private readonly record struct Part(Func<PatternNode, PatternNode> Build, int Least, long Most, CodePointSet? Set = null, Rune? Letter = null);

    private bool AtEnd => at >= source.Length;

    public static Pattern Parse(string expression)
    {
        if (expression.Length > MaxLength) throw new NotSupportedException($"a split pattern of {expression.Length} characters, at most {MaxLength} are supported");
        var parser = new PatternParser(expression);
        var part = parser.Alternatives();
        if (!parser.AtEnd) throw parser.Unsupported(parser.at, 1);
        return new Pattern(part.Build(new AcceptNode()), parser.loops);
    }

    private Part Alternatives()
    {
        if (++depth > MaxDepth) throw new NotSupportedException($"a split pattern that nests deeper than {MaxDepth} levels");
        List<Part> parts = [Sequence()];
        while (TakeIf("|")) parts.Add(Sequence());
        depth--;
        if (parts.Count == 1) return parts[0];
        if (parts.Count > AlternativesNode.Most) throw new NotSupportedException($"a split pattern of more than {AlternativesNode.Most} alternatives");
        return new(next => Count(new AlternativesNode([.. parts.Select(part => part.Build(next))])), parts.Min(part => part.Least), parts.Max(part => part.Most));
    }

    private Part Sequence()
    {
        var parts = new List<Part>();
        while (!AtEnd && source[at] is not ('|' or ')'))
        {
            var start = at;
            var part = Atom(start);
            RefuseLetterGroups(parts, part, start);
            parts.Add(Quantified(part, start));
        }
        return new(next => Enumerable.Reverse(parts).Aggregate(next, (rest, part) => part.Build(rest)),
            parts.Sum(part => part.Least), parts.Aggregate(0L, (sum, part) => Math.Min(int.MaxValue, sum + part.Most)));
    }

    /// <summary>Without case, two letters such as "ss" also match one character such as 'ß'; sets of one code point cannot say that.</summary>
    private void RefuseLetterGroups(List<Part> before, Part part, int start)
    {
        if (!ignoreCase || before.Count == 0 || before[^1].Letter is not { } first || part.Letter is not { } second) return;
        var pair = (first.ToString() + second).ToLowerInvariant();
        if (pair is "ff" or "fi" or "fl" or "ss" or "st") throw Unsupported(start - 1, 2);
    }

    private Part Quantified(Part part, int start)
    {
        if (!Quantifier(start, out var least, out var most)) return part;
        var bounded = source[at - 1] == '}';
        var repeated = TakeIf("?") ? Lazy(part, least, most, start, bounded)
            : !bounded && TakeIf("+") ? Possessive(part, least, most, start)
            : Greedy(part, least, most, start);
        // Ruby reads 'x{1,3}+' as the group repeated.
        if (bounded && TakeIf("+")) repeated = Greedy(repeated, 1, null, start);
        if (!AtEnd && source[at] is '*' or '+' or '?') throw Unsupported(start, at + 1 - start);
        return repeated;
    }

    private bool Quantifier(int start, out int least, out int? most)
    {
        (least, most) = (0, null);
        if (AtEnd) return false;
        if (TakeIf("*")) return true;
        if (TakeIf("+")) return (least = 1) == 1;
        if (TakeIf("?")) return (most = 1) == 1;
        var close = source.IndexOf('}', at);
        if (source[at] != '{' || close < 0) return false;
        var bounds = source[(at + 1)..close].Split(',');
        if (bounds.Length > 2 || bounds.All(bound => bound.Length == 0) || !bounds.All(bound => bound.All(char.IsAsciiDigit))) return false;
        at = close + 1;
        least = bounds[0] is "" ? 0 : Number(bounds[0], start);
        most = bounds[^1] is "" ? null : Number(bounds[^1], start);
        return most is null || most >= least ? true : throw Unsupported(start, at - start);
    }

    private int Number(string digits, int start) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= MaxRepeat ? number : throw Unsupported(start, at - start);

    private Part Greedy(Part part, int least, int? most, int start)
    {
        Func<PatternNode, PatternNode> rest;
        if (most is { } bound) rest = next => Optional(part, bound - least, next);
        else if (part.Set is { } set) rest = next => Count(new SetLoopNode(set, loops++, next));
        else if (part.Least == 0) throw Unsupported(start, at - start);
        else rest = next => Repeated(part, next);
        return Times(part, least, most, rest);
    }

    private Part Possessive(Part part, int least, int? most, int start)
    {
        if (part.Set is { } set && most is null) return Times(part, least, most, next => Count(new PossessiveSetNode(set, next)));
        var greedy = Greedy(part, least, most, start);
        return greedy with { Build = next => Count(new AtomicNode(greedy.Build(new AcceptNode()), next)) };
    }

    private Part Lazy(Part part, int least, int? most, int start, bool bounded)
    {
        if (most is not { } bound || (bounded && least == most)) throw Unsupported(start, at - start);
        return Times(part, least, most, next => OptionalLazy(part, bound - least, next));
    }

    private static Part Times(Part part, int least, int? most, Func<PatternNode, PatternNode> rest) => new(
        next => Enumerable.Range(0, least).Aggregate(rest(next), (built, _) => part.Build(built)),
        (int)Math.Min(int.MaxValue, (long)part.Least * least), most is { } bound ? Math.Min(int.MaxValue, part.Most * bound) : int.MaxValue);

    private PatternNode Optional(Part part, int most, PatternNode next) =>
        most == 0 ? next : Count(new AlternativesNode([part.Build(Optional(part, most - 1, next)), next]));

    private PatternNode OptionalLazy(Part part, int most, PatternNode next) =>
        most == 0 ? next : Count(new AlternativesNode([next, part.Build(OptionalLazy(part, most - 1, next))]));

    private RepeatNode Repeated(Part part, PatternNode next)
    {
        var repeat = new RepeatNode(next);
        repeat.Body = part.Build(repeat);
        return Count(repeat);
    }

    /// <summary>Nested counts multiply, so the nodes are counted as they are made.</summary>
    private T Count<T>(T node) where T : PatternNode =>
        ++nodes <= MaxNodes ? node : throw new NotSupportedException($"a split pattern that unfolds into more than {MaxNodes} parts");

    private Part Atom(int start)
    {
        var c = source[at++];
        switch (c)
        {
            case '(': return Group(start);
            case '[': return OfSet(Class(start));
            case '.': return OfSet(CodePointSet.OfRange('\n', '\n').Negated());
            case '^' or '$': return Anchor(c);
            case '*' or '+' or '?': throw Unsupported(start, 1);
            case '\\' when TakeIf("A"): return Anchor('A');
            case '\\' when TakeIf("z"): return Anchor('z');
            case '\\': return Escape(start, LoneWord) is var (set, letter) && letter is { } escaped ? Literal(escaped, start) : OfSet(set!);
            default:
                at = start;
                return Literal(TakeRune(), start);
        }
    }

    private static Part Anchor(char kind) => new(next => new AnchorNode(kind, next), 0, 0);

    private Part OfSet(CodePointSet set, Rune? letter = null) => new(next => Count(new SetNode(set, next)), 1, 1, set, letter);

    private Part Literal(Rune rune, int start)
    {
        if (ignoreCase && !rune.IsAscii) throw Unsupported(start, at - start);
        return OfSet(ignoreCase ? CodePointSet.OfAnyCase(rune) : CodePointSet.OfRange(rune.Value, rune.Value), rune);
    }

    private Part Group(int start)
    {
        var kind = GroupKinds.FirstOrDefault(TakeIf) ?? "";
        if (kind == "" && !AtEnd && source[at] == '?') throw Unsupported(start, 3);
        var outer = ignoreCase;
        if (kind == "?i:") ignoreCase = true;
        var inner = Alternatives();
        ignoreCase = outer;
        if (!TakeIf(")")) throw new NotSupportedException($"the group '{source[start..]}' without its end in a split pattern");
        return kind switch
        {
            "?>" => inner with { Build = next => Count(new AtomicNode(inner.Build(new AcceptNode()), next)), Set = null },
            "?=" or "?!" => new(next => Count(new LookAheadNode(inner.Build(new AcceptNode()), kind == "?=", next)), 0, 0),
            "?<=" or "?<!" when inner.Least == inner.Most =>
                new(next => Count(new LookBehindNode(inner.Build(new AcceptNode()), inner.Least, kind == "?<=", next)), 0, 0),
            "?<=" or "?<!" => throw Unsupported(start, at - start),
            _ => inner with { Letter = null },
        };
    }

    private bool TakeIf(string text)
    {
        if (string.CompareOrdinal(source, at, text, 0, text.Length) != 0) return false;
        at += text.Length;
        return true;
    }

    private Rune TakeRune()
    {
        if (!Rune.TryGetRuneAt(source, at, out var rune)) throw new NotSupportedException("half of a surrogate pair in a split pattern");
        at += rune.Utf16SequenceLength;
        return rune;
    }

    private NotSupportedException Unsupported(int start, int length) =>
        new($"'{source.Substring(start, Math.Min(length, source.Length - start))}' at character {start + 1} of the split pattern '{(source.Length > 200 ? source[..200] + "..." : source)}'");
}
