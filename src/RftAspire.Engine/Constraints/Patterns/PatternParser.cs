using System.Globalization;
using System.Text;

namespace RftAspire.Engine.Constraints.Patterns;

/// <summary>
/// Reads the regular part of ECMA-262 expressions under the 'u' flag: characters, '.', classes, \d \w \s and their opposites, groups, '|',
/// '?', '*', '+', '{m,n}', '^' and '$'. Laziness is accepted, as it does not change which texts match.
/// </summary>
internal sealed class PatternParser
{
    private const int MaxDepth = 100;
    private const int MaxCount = 10_000;

    private readonly string path;
    private readonly int[] points;
    private int position;
    private int depth;

    private PatternParser(string pattern, string path) => (this.path, points) = (path, [.. pattern.EnumerateRunes().Select(rune => rune.Value)]);

    private bool AtEnd => position == points.Length;

    private int Current => AtEnd ? -1 : points[position];

    public static PatternNode Parse(string pattern, string path)
    {
        var parser = new PatternParser(pattern, path);
        var node = parser.Choice();
        return parser.AtEnd ? node : throw parser.Error("unmatched ')'");
    }

    private PatternNode Choice()
    {
        if (++depth > MaxDepth) throw Error($"groups nest more than {MaxDepth} deep");
        var options = new List<PatternNode> { Sequence() };
        while (Skip('|')) options.Add(Sequence());
        depth--;
        return options.Count == 1 ? options[0] : new PatternNode.Choice(options);
    }

    private PatternNode Sequence()
    {
        var parts = new List<PatternNode>();
        while (!AtEnd && Current is not ('|' or ')')) parts.Add(Quantified());
        return parts.Count == 1 ? parts[0] : new PatternNode.Sequence(parts);
    }

    private PatternNode Quantified()
    {
        var atom = Atom();
        if (Current is not ('?' or '*' or '+' or '{')) return atom;
        if (atom is PatternNode.Anchor) throw Error("an anchor cannot be repeated");
        var (min, max) = Quantifier();
        if (Current == '?') position++;
        if (Current is '?' or '*' or '+' or '{') throw Error("nothing to repeat");
        return new PatternNode.Repeat(atom, min, max);
    }

    private (int Min, int? Max) Quantifier()
    {
        switch (points[position++])
        {
            case '?': return (0, 1);
            case '*': return (0, null);
            case '+': return (1, null);
        }
        var min = Number();
        int? max = min;
        if (Skip(',')) max = Current == '}' ? null : Number();
        if (!Skip('}')) throw Error("a quantifier must read {m}, {m,} or {m,n}; write \\{ for a brace");
        return max < min ? throw Error($"the quantifier {{{min},{max}}} is empty") : (min, max);
    }

    private int Number()
    {
        var digits = new StringBuilder();
        while (Current is >= '0' and <= '9') digits.Append((char)points[position++]);
        if (digits.Length == 0) throw Error("a quantifier must read {m}, {m,} or {m,n}; write \\{ for a brace");
        return int.TryParse(digits.ToString(), CultureInfo.InvariantCulture, out var value) && value <= MaxCount ? value : throw Error($"a quantifier may ask for at most {MaxCount} repetitions");
    }

    private PatternNode Atom()
    {
        var point = points[position++];
        switch (point)
        {
            case '(': return Group();
            case '[': return new PatternNode.Set(Class());
            case '.': return new PatternNode.Set(CodePointSet.Dot);
            case '^': return new PatternNode.Anchor(AtStart: true);
            case '$': return new PatternNode.Anchor(AtStart: false);
            case '\\': return new PatternNode.Set(Escape());
            case '?' or '*' or '+': throw Error("nothing to repeat");
            case '{' or '}' or ']': throw Error($"a lone '{(char)point}'; write \\{(char)point}");
            default: return new PatternNode.Set(CodePointSet.Of((point, point)));
        }
    }

    private PatternNode Group()
    {
        if (Skip('?'))
        {
            if (Skip('<') && Current is not ('=' or '!'))
                while (!AtEnd && points[position++] != '>') { }
            else if (!Skip(':'))
                throw Error("look-around and inline flags are not regular and not supported; use (?:…), (?<name>…) or (…)");
        }
        var body = Choice();
        return Skip(')') ? body : throw Error("a group is not closed");
    }

    private CodePointSet Class()
    {
        var negated = Skip('^');
        var ranges = new List<(int Low, int High)>();
        while (!Skip(']'))
        {
            var low = ClassMember();
            if (Current != '-' || position + 1 >= points.Length || points[position + 1] == ']')
            {
                ranges.AddRange(low.Ranges);
                continue;
            }
            position++;
            ranges.Add(Range(low, ClassMember()));
        }
        var set = CodePointSet.Of(ranges);
        return negated ? set.Complement() : set;
    }

    private (int Low, int High) Range(CodePointSet low, CodePointSet high)
    {
        if (low.Ranges is not [var (first, firstHigh)] || first != firstHigh || high.Ranges is not [var (last, lastHigh)] || last != lastHigh)
            throw Error("a range needs one character on each side of '-'; write \\- for a dash");
        return first <= last ? (first, last) : throw Error("a range in a class goes backwards");
    }

    private CodePointSet ClassMember()
    {
        if (AtEnd) throw Error("a class is not closed");
        var point = points[position++];
        if (point != '\\') return CodePointSet.Of((point, point));
        if (!Skip('b')) return Escape();
        return CodePointSet.Of(('\b', '\b'));
    }

    private CodePointSet Escape()
    {
        if (AtEnd) throw Error("it ends in a backslash");
        var point = points[position++];
        return point switch
        {
            'd' => CodePointSet.Digit,
            'D' => CodePointSet.Digit.Complement(),
            'w' => CodePointSet.Word,
            'W' => CodePointSet.Word.Complement(),
            's' => CodePointSet.Space,
            'S' => CodePointSet.Space.Complement(),
            _ => Single(Character(point)),
        };
    }

    private int Character(int point) => point switch
    {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\f',
        'v' => '\v',
        '0' when Current is not (>= '0' and <= '9') => 0,
        'x' => Hexadecimal(2),
        'u' => Skip('{') ? Braced() : Unit(),
        'c' when Current is >= 'A' and <= 'Z' or >= 'a' and <= 'z' => points[position++] & 31,
        < 128 when !char.IsAsciiLetterOrDigit((char)point) => point,
        _ => throw Error($"'\\{char.ConvertFromUtf32(point)}' is not supported (no back-references, word boundaries or Unicode properties)"),
    };

    /// <summary>\uXXXX, or the pair of them that spells one code point above U+FFFF.</summary>
    private int Unit()
    {
        var high = Hexadecimal(4);
        if (high is < 0xD800 or > 0xDFFF) return high;
        if (high > 0xDBFF || !Skip('\\') || !Skip('u')) throw Error("half a surrogate pair");
        var low = Hexadecimal(4);
        return low is >= 0xDC00 and <= 0xDFFF ? 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00) : throw Error("half a surrogate pair");
    }

    private int Braced()
    {
        long value = 0;
        while (!Skip('}')) value = Math.Min((value << 4) + Hexadecimal(1), int.MaxValue);
        return value is <= CodePointSet.Last and not (>= 0xD800 and <= 0xDFFF) ? (int)value : throw Error("\\u{…} is not a character");
    }

    private int Hexadecimal(int digits)
    {
        var value = 0;
        for (var i = 0; i < digits; i++)
        {
            if (AtEnd || points[position] > 127 || !char.IsAsciiHexDigit((char)points[position])) throw Error("an escape lacks hexadecimal digits");
            value = (value << 4) + Convert.ToInt32(((char)points[position++]).ToString(), 16);
        }
        return value;
    }

    private static CodePointSet Single(int point) => CodePointSet.Of((point, point));

    private bool Skip(char expected)
    {
        if (Current != expected) return false;
        position++;
        return true;
    }

    private SchemaException Error(string message) => new(path, $"the pattern is not supported: {message} (at character {position})");
}
