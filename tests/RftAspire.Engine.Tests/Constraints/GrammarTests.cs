using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using RftAspire.Engine.Numerics;
using static RftAspire.Engine.Tests.Constraints.ConstraintBench;

namespace RftAspire.Engine.Tests.Constraints;

public sealed class GrammarTests
{
    public static TheoryData<string> Patterns =>
    [
        "a", "^a", "a$", "^a$", "^(a|b)$", "^a|b$", "(^a|b)c?$", "^a*b+c?$", "^(ab)*$", "^(a|ab)(c|bcd)?$", "^.$", "^..$", "^[ab]{2}$", "^a{1,3}$", "^(a|b){2,}$", "^[^a]*$", "^(?:a|bb)+$", "^(?<x>a)b$",
        "", "^$", "(a*)*", "^(a*)*b$", "^(a|a)*b{2}$", "^((a|b)?){3}$", "^\\w+$", "^\\W$", "\\d", "^\\D*$", "^\\s$", "^\\S+$", "^[\\w-]+$", "^[a\\-b]$", "^a-$", "^[-a]+$", "^\\x61\\u0062$", "^a??b*?$", "a^b", "(a$|b)", "^(|a)$", "\\.", "^[\\d\\s]+$", "^a{0}b$", "^(a{2}){2}$",
    ];

    /// <summary>All texts of up to four characters, against the platform's regular expressions.</summary>
    [Theory]
    [MemberData(nameof(Patterns))]
    public void Pattern_AllShortTexts_AreAcceptedAsTheyMatch(string pattern)
    {
        var schema = JsonSerializer.Serialize(new { type = "string", pattern });
        if (pattern == "a^b")
        {
            Assert.Throws<Engine.Constraints.SchemaException>(() => Constrain(schema, Bytes));
            return;
        }
        var constraint = Constrain(schema, Bytes);
        foreach (var text in Texts("ab-. 1é", 4)) Assert.True(Regex.IsMatch(text, pattern, RegexOptions.ECMAScript) == constraint.Accepts($"\"{text}\""), text);
    }

    [Theory]
    [InlineData("^(ab)*$", 1, 3)]
    [InlineData("a", 2, 3)]
    [InlineData("^a*$", 3, 4)]
    [InlineData("^(a|bb)*$", 2, 2)]
    [InlineData("^a+b?$", 0, 2)]
    public void Pattern_WithLengths_AsksForBoth(string pattern, int min, int max)
    {
        var bounded = Constrain(JsonSerializer.Serialize(new { type = "string", pattern, minLength = min, maxLength = max }), Bytes);
        var open = Constrain(JsonSerializer.Serialize(new { type = "string", pattern, minLength = min }), Bytes);
        foreach (var text in Texts("abc", 5))
        {
            var expected = Regex.IsMatch(text, pattern, RegexOptions.ECMAScript) && text.Length >= min;
            Assert.True(expected == open.Accepts($"\"{text}\""), text);
            Assert.True((expected && text.Length <= max) == bounded.Accepts($"\"{text}\""), text);
        }
    }

    /// <summary>Random bounds, inclusive and not, against all numbers near them with up to two digits behind the point.</summary>
    [Theory]
    [InlineData("integer")]
    [InlineData("number")]
    public void Range_RandomBounds_AcceptsTheNumbersWithin(string type)
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var key = RandomKey.FromSeed(seed);
            var (scale, spread) = (new[] { 1m, 10m, 100m }[key.Below(0, 3)], new[] { 30, 300, 3000 }[key.Below(1, 3)]);
            decimal? low = key.Below(2, 4) == 0 ? null : (key.Below(3, 2 * spread) - spread) / scale;
            decimal? high = key.Below(4, 4) == 0 && low is not null ? null : (low ?? 0) + (key.Below(5, spread) / scale);
            var (above, below) = (key.Below(6, 2) == 0, key.Below(7, 2) == 0);
            var keywords = new Dictionary<string, object> { ["type"] = type };
            if (low is { } least) keywords[above ? "exclusiveMinimum" : "minimum"] = least;
            if (high is { } most) keywords[below ? "exclusiveMaximum" : "maximum"] = most;
            var schema = JsonSerializer.Serialize(keywords);
            var candidates = Candidates(key, low, high).ToList();
            bool Within(string text) => decimal.Parse(text, CultureInfo.InvariantCulture) is var value && (type == "number" || !text.Contains('.', StringComparison.Ordinal))
                && (low is null || (above ? value > low : value >= low)) && (high is null || (below ? value < high : value <= high));
            if (!candidates.Any(Within)) continue;
            var constraint = Constrain(schema, Bytes);
            Assert.All(candidates, text => Assert.True(Within(text) == constraint.Accepts(text), $"{schema} {text}"));
        }
    }

    [Theory]
    [InlineData("""{"type":"integer","minimum":1e2,"maximum":1.5E+2}""", "100 149 150", "99 151 1500")]
    [InlineData("""{"type":"integer","minimum":99999999999999999999999999999999999999,"maximum":100000000000000000000000000000000000000}""", "99999999999999999999999999999999999999 100000000000000000000000000000000000000", "99999999999999999999999999999999999998 100000000000000000000000000000000000001 9")]
    [InlineData("""{"type":"number","minimum":-1e-3,"maximum":0}""", "0 -0 -0.001 -0.0005 0.00", "-0.002 0.0001 -1")]
    [InlineData("""{"type":"number","exclusiveMaximum":0}""", "-1 -0.0001", "0 -0 -0.0")]
    public void Range_ExponentsAndManyDigits_AreExact(string schema, string within, string outside)
    {
        var constraint = Constrain(schema, Bytes);
        Assert.All(within.Split(' '), number => Assert.True(constraint.Accepts(number), number));
        Assert.All(outside.Split(' '), number => Assert.False(constraint.Accepts(number), number));
    }

    [Fact]
    public void Strings_EveryCodePoint_IsAcceptedOrMustBeEscaped()
    {
        var (free, pattern) = (Constrain("""{"type":"string"}""", Bytes), Constrain("""{"type":"string","pattern":"^[^x]$"}""", Bytes));
        foreach (var point in Enumerable.Range(0, 0x3000).Concat([0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF, 0x40000]))
        {
            var text = $"\"{char.ConvertFromUtf32(point)}\"";
            Assert.True((point >= 0x20 && point is not ('"' or '\\')) == free.Accepts(text), text);
            Assert.True((point >= 0x20 && point is not ('"' or '\\' or 'x')) == pattern.Accepts(text), text);
        }
    }

    [Theory]
    [InlineData(0xC0, 0x80)]
    [InlineData(0xE0, 0x80, 0x80)]
    [InlineData(0xED, 0xA0, 0x80)]
    [InlineData(0xF4, 0x90, 0x80, 0x80)]
    [InlineData(0xF8, 0x80)]
    [InlineData(0x80)]
    public void Strings_BytesThatAreNotUtf8_AreRefused(params int[] bytes)
    {
        var constraint = Constrain("""{"type":"string"}""", Bytes);
        var state = constraint.Advance(constraint.Start, '"'.ToToken());
        foreach (var token in bytes.Select(value => ((char)value).ToToken()))
        {
            if (!constraint.Allows(state, token)) return;
            state = constraint.Advance(state, token);
        }
        Assert.Fail("all of the bytes are accepted");
    }

    private static IEnumerable<string> Texts(string alphabet, int length)
    {
        IEnumerable<string> texts = [""];
        return Enumerable.Range(0, length).Aggregate((All: texts, Last: texts), (state, _) => state.Last.SelectMany(text => alphabet.Select(c => text + c)).ToList() is var next ? (state.All.Concat(next).ToList(), next) : state).All;
    }

    private static IEnumerable<string> Candidates(RandomKey key, decimal? low, decimal? high)
    {
        var near = new[] { low, high, 0m, 10m, -10m, 100m }.OfType<decimal>();
        foreach (var center in near)
            for (var i = -12; i <= 12; i++)
                foreach (var step in new[] { 1m, 0.1m, 0.01m })
                {
                    var value = center + (i * step);
                    yield return value.ToString("0.##", CultureInfo.InvariantCulture);
                    yield return value.ToString("0.000", CultureInfo.InvariantCulture);
                }
        for (var i = 0; i < 100; i++) yield return (key.Below(100 + i, 20000) - 10000).ToString(CultureInfo.InvariantCulture);
    }
}
