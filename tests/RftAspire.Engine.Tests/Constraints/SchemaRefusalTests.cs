using System.Text.Json;
using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using static RftAspire.Engine.Tests.Constraints.ConstraintBench;

namespace RftAspire.Engine.Tests.Constraints;

public sealed class SchemaRefusalTests
{
    public static TheoryData<string> UnsupportedKeywords =>
    [
        "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties",
        "unevaluatedItems", "contains", "minContains", "maxContains", "uniqueItems", "multipleOf", "contentEncoding", "contentMediaType", "$anchor", "$dynamicRef", "nullable", "x-mine",
    ];

    [Theory]
    [MemberData(nameof(UnsupportedKeywords))]
    public void Parse_UnsupportedKeyword_NamesItAndItsPath(string keyword)
    {
        var schema = JsonSerializer.Serialize(new Dictionary<string, object> { ["properties"] = new Dictionary<string, object> { ["a/b~"] = new Dictionary<string, object> { ["type"] = "string", [keyword] = 1 } } });
        var refused = Assert.Throws<SchemaException>(() => JsonSchemaConstraint.Parse(schema));
        Assert.Equal($"#/properties/a~1b~0/{keyword}", refused.Path);
        Assert.Contains($"'{keyword}' is not supported", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"date"}""", "#/type")]
    [InlineData("""{"type":["string",1]}""", "#/type/1")]
    [InlineData("""{"type":[]}""", "#/type")]
    [InlineData("""{"type":"string","minimum":1}""", "#/minimum")]
    [InlineData("""{"type":"string","minLength":-1}""", "#/minLength")]
    [InlineData("""{"type":"string","minLength":1.5}""", "#/minLength")]
    [InlineData("""{"type":"string","maxLength":"1"}""", "#/maxLength")]
    [InlineData("""{"type":"string","maxLength":1e300}""", "#/maxLength")]
    [InlineData("""{"type":"string","format":"iri"}""", "#/format")]
    [InlineData("""{"type":"string","format":"date","pattern":"a"}""", "#/format")]
    [InlineData("""{"type":"string","pattern":"(?=a)"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"\\bx"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"\\p{L}"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"a{2,1}"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"a{99999}"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"("}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":")"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"[a"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"*"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"a**"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"\\"}""", "#/pattern")]
    [InlineData("""{"type":"string","pattern":"[b-a]"}""", "#/pattern")]
    [InlineData("""{"type":"integer","minimum":1,"exclusiveMinimum":0}""", "#/exclusiveMinimum")]
    [InlineData("""{"type":"number","minimum":1e999}""", "#/minimum")]
    [InlineData("""{"type":"number","minimum":"1"}""", "#/minimum")]
    [InlineData("""{"anyOf":[{"type":"string"}],"type":"string"}""", "#/type")]
    [InlineData("""{"anyOf":{}}""", "#/anyOf")]
    [InlineData("""{"allOf":[true,true]}""", "#/allOf")]
    [InlineData("""{"enum":[1],"const":1}""", "#/const")]
    [InlineData("""{"enum":1}""", "#/enum")]
    [InlineData("""{"const":"abc","minLength":1}""", "#/minLength")]
    [InlineData("""{"$ref":"other.json"}""", "#/$ref")]
    [InlineData("""{"$ref":"#/$defs/x"}""", "#/$ref")]
    [InlineData("""{"$ref":"#anchor"}""", "#/$ref")]
    [InlineData("""{"$ref":1}""", "#/$ref")]
    [InlineData("""{"type":"object","properties":[]}""", "#/properties")]
    [InlineData("""{"type":"object","properties":{"a":1}}""", "#/properties/a")]
    [InlineData("""{"type":"object","properties":{},"required":["a"],"additionalProperties":false}""", "#/required")]
    [InlineData("""{"type":"array","items":[{}]}""", "#/items")]
    [InlineData("""{"type":"array","prefixItems":{}}""", "#/prefixItems")]
    [InlineData("1", "#")]
    [InlineData("", "#")]
    [InlineData("{", "#")]
    [InlineData("""{"type":"string","type":"null"}""", "#")]
    [InlineData("""{"const":"\ud800"}""", "#")]
    public void Parse_MalformedOrUnsupported_IsRefusedWithItsPath(string schema, string path) =>
        Assert.Equal(path, Assert.Throws<SchemaException>(() => JsonSchemaConstraint.Parse(schema)).Path);

    [Theory]
    [InlineData("false")]
    [InlineData("""{"enum":[]}""")]
    [InlineData("""{"$ref":"#"}""")]
    [InlineData("""{"anyOf":[{"$ref":"#"},{"$ref":"#/anyOf/0"}]}""")]
    [InlineData("""{"type":"array","items":{"$ref":"#"},"minItems":1}""")]
    [InlineData("""{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}""")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""")]
    [InlineData("""{"type":"array","prefixItems":[{}],"minItems":2}""")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""")]
    [InlineData("""{"type":"integer","exclusiveMinimum":4,"exclusiveMaximum":5}""")]
    [InlineData("""{"type":"string","pattern":"a^b"}""")]
    [InlineData("""{"type":"string","pattern":"^(aaaa)+$","minLength":5,"maxLength":7}""")]
    public void Parse_NoValidDocument_IsRefused(string schema) =>
        Assert.Contains("no finite document", Assert.Throws<SchemaException>(() => JsonSchemaConstraint.Parse(schema)).Message, StringComparison.Ordinal);

    private static readonly Dictionary<string, (string Schema, bool Works)> HostileSchemas = new()
    {
        ["text nested without end"] = (Nested(100_000), false),
        ["nested deep"] = (Nested(40), true),
        ["nested too deep"] = (Nested(64), false),
        ["many enum values"] = (Enum(Enumerable.Range(0, 20_000).Select(i => $"{i}")), true),
        ["too many enum values"] = (Enum(Enumerable.Range(0, 20_000).Select(i => $"\"{i * 7919L * 104729}{new string('x', i % 40)}\"")), false),
        ["ambiguous choice repeated"] = (Pattern("^(a|a)*b{1000}$"), true),
        ["ambiguous choice anywhere"] = (Pattern("(a|a)*b{1000}"), true),
        ["repetitions multiply"] = (Pattern("^(((a{100}){100}){100}){100}$"), false),
        ["repetitions of nothing"] = (Pattern("^((((){10000}){10000}){10000}){10000}$"), false),
        ["exponential subsets"] = (Pattern("^.*a.{20}$"), false),
        ["many loops"] = (Pattern("^(.*a.*b.*c.*){50}$"), true),
        ["optional repeated"] = (Pattern("^((a?){50}){50}$"), false),
        ["open groups"] = (Pattern(new string('(', 5000)), false),
        ["pattern with vast length"] = ("""{"type":"string","pattern":"^.*$","maxLength":1000000}""", false),
        ["string of vast length"] = ("""{"type":"string","maxLength":1000000000}""", true),
        ["array of vast length"] = ("""{"type":"array","items":{},"minItems":0,"maxItems":1000000000}""", true),
        ["chain of references"] = (Definitions(5000, i => i == 4999 ? "true" : Reference(i + 1)), true),
        ["every array in every array"] = (Definitions(300, _ => "{\"type\":\"array\",\"items\":" + AnyOf(Enumerable.Range(0, 300).Select(Reference)) + "}"), true),
        ["many patterns at once"] = (AnyOf(Enumerable.Range(0, 300).Select(i => Pattern($"x{i}y"))), true),
    };

    public static TheoryData<string> Hostile => [.. HostileSchemas.Keys];

    /// <summary>Such schemas are compiled or refused within the memory and time of any test, and so are the masks of their first tokens.</summary>
    [Theory]
    [MemberData(nameof(Hostile))]
    public void Parse_HostileSchema_IsRefusedOrWorks(string name)
    {
        var (schema, works) = HostileSchemas[name];
        if (works) Drive(schema, RandomKey.FromSeed(1), tokens: 20);
        else Assert.Throws<SchemaException>(() => JsonSchemaConstraint.Parse(schema));
    }

    [Fact]
    public void Parse_HalfASurrogatePair_IsRefused() =>
        Assert.Equal("#", Assert.Throws<SchemaException>(() => JsonSchemaConstraint.Parse("{\"const\":\"\ud800\"}")).Path);

    [Fact]
    public void Parse_MutatedSchemas_AreRefusedWithTheOneExceptionOrWork()
    {
        var worked = 0;
        for (var seed = 0; seed < 1500; seed++)
        {
            var key = RandomKey.FromSeed(seed);
            var text = SchemaCase.All[key.Below(0, SchemaCase.All.Length)].Schema.ToList();
            var other = SchemaCase.All[key.Below(1, SchemaCase.All.Length)].Schema;
            for (var edit = 0; edit <= key.Below(2, 3); edit++) Mutate(text, other, key.Derive(edit));
            try
            {
                Drive(new string([.. text]), key, tokens: 3);
                worked++;
            }
            catch (SchemaException)
            {
                // The only exception that a schema may cause.
            }
        }
        Assert.InRange(worked, 50, 1450);
    }

    private static void Drive(string schema, RandomKey key, int tokens)
    {
        var constraint = Constrain(schema);
        var state = constraint.Start;
        for (var i = 0; i < tokens; i++)
        {
            var allowed = constraint.Allowed(state);
            Assert.NotEmpty(allowed);
            state = constraint.Advance(state, allowed[key.Below(i, allowed.Count)]);
        }
    }

    private const string Symbols = "{}[]\",:0129-eE\\.*+?()|^$ \ud800é";

    private static void Mutate(List<char> text, string other, RandomKey key)
    {
        var at = key.Below(0, text.Count + 1);
        switch (key.Below(1, 5))
        {
            case 0:
                text.RemoveRange(at, Math.Min(key.Below(2, 12), text.Count - at));
                break;
            case 1:
                text.Insert(at, Symbols[key.Below(2, Symbols.Length)]);
                break;
            case 2 when at < text.Count:
                text[at] = (char)(text[at] ^ (1 << key.Below(2, 7)));
                break;
            case 3:
                var from = key.Below(2, other.Length);
                text.InsertRange(at, other.Substring(from, Math.Min(key.Below(3, 30), other.Length - from)));
                break;
            default:
                var digit = text.FindIndex(char.IsAsciiDigit);
                if (digit >= 0) text.Insert(digit, (char)('0' + key.Below(2, 10)));
                break;
        }
    }

    private static string Pattern(string pattern) => JsonSerializer.Serialize(new { type = "string", pattern });

    private static string Enum(IEnumerable<string> values) => $$"""{"enum":[{{string.Join(',', values)}}]}""";

    private static string Reference(int i) => $$"""{"$ref":"#/$defs/r{{i}}"}""";

    private static string Definitions(int count, Func<int, string> definition) =>
        "{\"$ref\":\"#/$defs/r0\",\"$defs\":{" + string.Join(',', Enumerable.Range(0, count).Select(i => $"\"r{i}\":{definition(i)}")) + "}}";

    private static string AnyOf(IEnumerable<string> options) => "{\"anyOf\":[" + string.Join(',', options) + "]}";

    private static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("""{"type":"array","minItems":1,"items":""", depth)) + "true" + new string('}', depth);
}
