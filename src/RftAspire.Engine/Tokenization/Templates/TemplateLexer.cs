using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RftAspire.Engine.Tokenization.Templates;

internal enum TokenKind { Text, OutputBegin, OutputEnd, BlockBegin, BlockEnd, Name, Integer, Float, String, Symbol, End }

internal readonly record struct TemplateToken(TokenKind Kind, string Value, int Position);

/// <summary>Parts a template into text and the tokens of its tags, and settles all whitespace on the way.</summary>
internal sealed partial class TemplateLexer
{
    private static readonly string[] Symbols =
        ["==", "!=", "<=", ">=", "//", "**", "<", ">", "=", "+", "-", "~", "%", "*", "/", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}"];

    private readonly string source;
    private readonly List<TemplateToken> tokens = [];
    private int position;
    // Brackets open in the tag; within them "}}" closes two mappings.
    private int brackets;
    // How the text after the last tag begins: with all its whitespace gone, with its first newline gone, or as it is.
    private bool trimAll, trimNewline, atLineStart = true;

    private TemplateLexer(string source) => this.source = source;

    public static List<TemplateToken> Read(string source)
    {
        var lexer = new TemplateLexer(source);
        while (lexer.position < source.Length) lexer.ReadTextAndTag();
        lexer.tokens.Add(new(TokenKind.End, "end of the template", source.Length));
        return lexer.tokens;
    }

    public static ChatTemplateException Fault(string source, int position, string message)
    {
        var before = source.AsSpan(0, Math.Min(position, source.Length));
        return new($"{message} (line {before.Count('\n') + 1}, column {before.Length - before.LastIndexOf('\n')})");
    }

    private void ReadTextAndTag()
    {
        var open = NextTag();
        var text = source[position..open];
        var hasTag = open < source.Length;
        var kind = hasTag ? source[open + 1] : ' ';
        var mark = hasTag && open + 2 < source.Length && source[open + 2] is '-' or '+' ? source[open + 2] : ' ';
        if (mark == '+' && kind == '{') mark = ' ';
        AddText(text, mark == '-', kind is '%' or '#' && mark != '+');
        position = Math.Min(source.Length, open + (mark == ' ' ? 2 : 3));
        if (kind == '#') ReadComment(open);
        else if (hasTag && !(kind == '%' && ReadRaw(open))) ReadTag(open, kind == '%');
    }

    /// <summary>Reads what stands between raw and endraw as text.</summary>
    private bool ReadRaw(int open)
    {
        if (StartOfRawTag().Match(source, position) is not { Success: true } start) return false;
        position += start.Length;
        (trimAll, trimNewline, atLineStart) = (start.Value[^3] == '-', false, false);
        if (EndOfRawTag().Match(source, position) is not { Success: true } end) throw Fault(source, open, "'raw' has no 'endraw'");
        AddText(source[position..end.Index], end.Value[2] == '-', end.Value[2] != '+');
        (trimAll, trimNewline, atLineStart) = (end.Value[^3] == '-', end.Value[^3] != '+', false);
        position = end.Index + end.Length;
        return true;
    }

    private int NextTag()
    {
        for (var open = source.IndexOf('{', position); open >= 0; open = source.IndexOf('{', open + 1))
            if (open + 1 < source.Length && source[open + 1] is '{' or '%' or '#') return open;
        return source.Length;
    }

    private void AddText(string text, bool dash, bool beforeBlock)
    {
        var start = position;
        if (trimAll) text = text.TrimStart();
        else if (trimNewline && text.StartsWith('\n')) (text, atLineStart) = (text[1..], true);
        if (dash) text = text.TrimEnd();
        else if (beforeBlock) text = StripIndent(text);
        if (text.Length > 0) tokens.Add(new(TokenKind.Text, text, start));
    }

    /// <summary>Removes the spaces before a block that stands first on its line.</summary>
    private string StripIndent(string text)
    {
        var lineStart = text.LastIndexOf('\n') + 1;
        return (lineStart > 0 || atLineStart) && string.IsNullOrWhiteSpace(text[lineStart..]) ? text[..lineStart] : text;
    }

    private void ReadComment(int open)
    {
        var close = source.IndexOf("#}", position, StringComparison.Ordinal);
        if (close < 0) throw Fault(source, open, "the comment has no end '#}'");
        (trimAll, trimNewline, atLineStart) = (close > open + 2 && source[close - 1] == '-', close <= open + 2 || source[close - 1] != '+', false);
        position = close + 2;
    }

    private void ReadTag(int open, bool block)
    {
        brackets = 0;
        tokens.Add(new(block ? TokenKind.BlockBegin : TokenKind.OutputBegin, block ? "{%" : "{{", open));
        var end = block ? "%}" : "}}";
        while (true)
        {
            while (position < source.Length && char.IsWhiteSpace(source[position])) position++;
            if (position >= source.Length) throw Fault(source, open, $"the tag has no end '{end}'");
            var mark = brackets == 0 && (source[position] == '-' || (block && source[position] == '+')) && Follows(position + 1, end) ? source[position] : ' ';
            if (mark != ' ' || (brackets == 0 && Follows(position, end)))
            {
                tokens.Add(new(block ? TokenKind.BlockEnd : TokenKind.OutputEnd, end, position));
                position += end.Length + (mark == ' ' ? 0 : 1);
                (trimAll, trimNewline, atLineStart) = (mark == '-', block && mark != '+', false);
                return;
            }
            ReadToken();
        }
    }

    private bool Follows(int at, string text) => string.CompareOrdinal(source, at, text, 0, text.Length) == 0;

    private void ReadToken()
    {
        var start = position;
        var c = source[start];
        if (c is '\'' or '"') tokens.Add(new(TokenKind.String, ReadString(c), start));
        else if (char.IsAsciiDigit(c)) ReadNumber(start);
        else if (char.IsAsciiLetter(c) || c == '_') tokens.Add(new(TokenKind.Name, ReadWhile(c => char.IsAsciiLetterOrDigit(c) || c == '_'), start));
        else if (Symbols.FirstOrDefault(symbol => Follows(start, symbol)) is { } symbol)
        {
            tokens.Add(new(TokenKind.Symbol, symbol, start));
            position += symbol.Length;
            brackets += symbol is "(" or "[" or "{" ? 1 : symbol is ")" or "]" or "}" ? -1 : 0;
        }
        else throw Fault(source, start, $"'{c}' is not supported in a tag");
    }

    private void ReadNumber(int start)
    {
        var digits = ReadWhile(char.IsAsciiDigit);
        var fraction = position + 1 < source.Length && source[position] == '.' && char.IsAsciiDigit(source[position + 1]);
        if (!fraction)
        {
            tokens.Add(new(TokenKind.Integer, digits, start));
            return;
        }
        position++;
        tokens.Add(new(TokenKind.Float, $"{digits}.{ReadWhile(char.IsAsciiDigit)}", start));
    }

    private string ReadWhile(Func<char, bool> accepts)
    {
        var start = position;
        while (position < source.Length && accepts(source[position])) position++;
        return source[start..position];
    }

    private string ReadString(char quote)
    {
        var start = position++;
        var value = new StringBuilder();
        while (position < source.Length && source[position] != quote) value.Append(source[position] == '\\' ? ReadEscape() : source[position++]);
        if (position >= source.Length) throw Fault(source, start, "the string has no end");
        position++;
        return value.ToString();
    }

    private char ReadEscape()
    {
        var start = position++;
        if (position >= source.Length) throw Fault(source, start, "the string has no end");
        var digits = source[position] switch { 'x' => 2, 'u' => 4, _ => 0 };
        var c = source[position++];
        if (digits == 0)
            return "nrt\\'\"".IndexOf(c, StringComparison.Ordinal) is >= 0 and var known
                ? "\n\r\t\\'\""[known]
                : throw Fault(source, start, $"the escape '\\{c}' is not supported");
        if (position + digits <= source.Length
            && ushort.TryParse(source.AsSpan(position, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            position += digits;
            return (char)code;
        }
        throw Fault(source, start, $"the escape '\\{c}' needs {digits} hexadecimal digits");
    }

    [GeneratedRegex(@"\G\s*raw\s*-?%\}")]
    private static partial Regex StartOfRawTag();

    [GeneratedRegex(@"\{%[-+]?\s*endraw\s*[-+]?%\}")]
    private static partial Regex EndOfRawTag();
}
