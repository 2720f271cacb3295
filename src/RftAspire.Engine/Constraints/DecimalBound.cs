using System.Globalization;

namespace RftAspire.Engine.Constraints;

/// <summary>A bound of a number as decimal digits, exact however many there are.</summary>
/// <param name="Negative">Whether it lies below zero; zero itself does not.</param>
/// <param name="Integer">The digits before the point, without leading zeros but for a lone "0".</param>
/// <param name="Fraction">The digits behind the point, without trailing zeros.</param>
/// <param name="Inclusive">Whether the bound itself is within.</param>
internal sealed record DecimalBound(bool Negative, string Integer, string Fraction, bool Inclusive)
{
    private const int MaxDigits = 40;

    public bool IsZero => Integer == "0" && Fraction.Length == 0;

    public DecimalBound Negated() => this with { Negative = !Negative };

    /// <summary>Reads a JSON number.</summary>
    public static DecimalBound Parse(string number, bool inclusive, string path)
    {
        var negative = number[0] == '-';
        var mark = number.IndexOfAny(['e', 'E']);
        var exponent = 0;
        if (mark >= 0 && (!int.TryParse(number.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || Math.Abs((long)exponent) > MaxDigits))
            throw TooLong(number, path);
        var digits = (mark < 0 ? number : number[..mark]).TrimStart('-');
        var point = digits.IndexOf('.');
        var (integer, fraction) = point < 0 ? (digits, "") : (digits[..point], digits[(point + 1)..]);
        for (; exponent > 0; exponent--) (integer, fraction) = (integer + (fraction.Length > 0 ? fraction[0] : '0'), fraction.Length > 0 ? fraction[1..] : "");
        for (; exponent < 0; exponent++) (integer, fraction) = (integer.Length > 1 ? integer[..^1] : "0", integer[^1] + fraction);
        (integer, fraction) = (integer.TrimStart('0'), fraction.TrimEnd('0'));
        if (integer.Length > MaxDigits || fraction.Length > MaxDigits) throw TooLong(number, path);
        var zero = integer.Length == 0 && fraction.Length == 0;
        return new DecimalBound(negative && !zero, integer.Length == 0 ? "0" : integer, fraction, inclusive);
    }

    private static SchemaException TooLong(string number, string path) => new(path, $"the bound {(number.Length > 60 ? number[..60] + "…" : number)} has more than {MaxDigits} digits before or behind the point");
}
