using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Tokenization.Patterns;

internal sealed partial class PatternParser
{
    // Outside a class Oniguruma takes the Latin-1 half of \w from a table in which superscripts and fractions are letters.
    private static readonly CodePointSet LoneWord = CodePointSet.Word.With(CodePointSet.OfRange(0xB2, 0xB3), CodePointSet.OfRange(0xB9, 0xB9), CodePointSet.OfRange(0xBC, 0xBE));

    /// <summary>A class after its '['. A class within it is joined to it.</summary>
    private CodePointSet Class(int start)
    {
        if (++depth > MaxDepth) throw new NotSupportedException($"a split pattern that nests deeper than {MaxDepth} levels");
        var negated = TakeIf("^");
        var set = CodePointSet.Nothing();
        for (var first = true; first || AtEnd || source[at] != ']'; first = false)
        {
            if (AtEnd) throw new NotSupportedException($"the class '{source[start..]}' without its end in a split pattern");
            var itemStart = at;
            if (source[at] == '[') set = set.With(Nested());
            else if (source.AsSpan(at).StartsWith("&&")) throw Unsupported(at, 2);
            else if (ClassItem(itemStart) is var (escaped, letter) && letter is { } low) AddRange(set, low.Value, itemStart);
            else set = set.With(escaped!);
        }
        at++;
        depth--;
        return negated ? set.Negated() : set;
    }

    private CodePointSet Nested()
    {
        var start = at++;
        if (!AtEnd && source[at] == ':') throw Unsupported(start, 3);
        return Class(start);
    }

    private (CodePointSet? Set, Rune? Letter) ClassItem(int start)
    {
        if (!TakeIf("\\")) return (null, TakeRune());
        if (TakeIf("b")) return (null, new Rune('\b'));
        return Escape(start, CodePointSet.Word);
    }

    /// <summary>A letter alone or the first of a range such as "a-z"; a hyphen before the class's end is itself.</summary>
    private void AddRange(CodePointSet set, int low, int start)
    {
        var high = low;
        if (at + 1 < source.Length && source[at] == '-' && source[at + 1] != ']')
        {
            at++;
            // What follows the hyphen would be a class, which no range ends with.
            if (source[at] == '[' || ClassItem(at) is not (null, { } last)) throw Unsupported(start, at - start);
            high = last.Value;
        }
        if (high < low || (ignoreCase && high > 127)) throw Unsupported(start, at - start);
        set.Add(low, high);
        if (!ignoreCase) return;
        for (var letter = low; letter <= high; letter++) set.Add(CodePointSet.OfAnyCase(new Rune(letter)));
    }

    /// <summary>What stands after a backslash: a set such as \s, or a letter.</summary>
    private (CodePointSet? Set, Rune? Letter) Escape(int start, CodePointSet word)
    {
        if (AtEnd) throw Unsupported(start, 1);
        var c = source[at++];
        return c switch
        {
            's' => (CodePointSet.WhiteSpace, null),
            'S' => (CodePointSet.WhiteSpace.Negated(), null),
            'd' => (CodePointSet.OfName("Nd"), null),
            'D' => (CodePointSet.OfName("Nd")!.Negated(), null),
            'w' => (word, null),
            'W' => (word.Negated(), null),
            'p' or 'P' => (Property(start, c == 'P'), null),
            'n' => (null, new Rune('\n')),
            'r' => (null, new Rune('\r')),
            't' => (null, new Rune('\t')),
            'f' => (null, new Rune('\f')),
            'v' => (null, new Rune('\v')),
            'u' => (null, Hex(start, 4)),
            'x' when TakeIf("{") => (null, Hex(start, source.IndexOf('}', at) - at, closed: true)),
            _ when char.IsAsciiLetterOrDigit(c) || char.IsSurrogate(c) => throw Unsupported(start, 2),
            _ => (null, new Rune(c)),
        };
    }

    private CodePointSet Property(int start, bool negated)
    {
        var close = source.IndexOf('}', at);
        if (!TakeIf("{") || close < 0) throw Unsupported(start, 2);
        if (TakeIf("^")) negated = !negated;
        var set = CodePointSet.OfName(source[at..close]);
        at = close + 1;
        // Without case such a class would hold letters of the other case as well.
        if (set is null || (ignoreCase && source[close - 1] is 'u' or 'l' or 't')) throw Unsupported(start, at - start);
        return negated ? set.Negated() : set;
    }

    private Rune Hex(int start, int digits, bool closed = false)
    {
        if (digits is < 1 or > 8 || at + digits > source.Length
            || !int.TryParse(source.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var point) || !Rune.IsValid(point))
            throw Unsupported(start, 2);
        at += digits + (closed ? 1 : 0);
        return new Rune(point);
    }
}
