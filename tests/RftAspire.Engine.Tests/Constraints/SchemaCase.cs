namespace RftAspire.Engine.Tests.Constraints;

/// <summary>A schema with documents that it allows, and others with a '¦' before the first byte that must be refused.</summary>
public sealed record SchemaCase(string Name, string Schema, string[] Allowed, string[] Refused)
{
    public static SchemaCase Find(string name) => All.Single(item => item.Name == name);

    public static TheoryData<string> Names => [.. All.Select(item => item.Name)];

    public override string ToString() => Name;

    public static SchemaCase[] All { get; } =
    [
        new("any", "{}", ["1", "\"x\"", "[]", "{}", """{"a":[1,{"b":null}],"c":"d"}""", "-0.5e+10", "[[[[1]]]]", """{"a": 1, "b": [2, 3]}"""], ["¦ 1", "[1]¦]", "{\"a\":1,¦}", "[1,¦]", "[1¦ ,2]", "0¦1", "{\"a\"¦ :1}", "nul¦L", "[¦\n]"]),
        new("true", "true", ["true", "[{}]"], ["¦x"]),
        new("object", """{"type":"object"}""", ["{}", """{"a":{"a":{}}}""", """{"":""}"""], ["¦[]", "{¦ }", "{¦a"]),
        new("declared", """{"type":"object","properties":{"name":{"type":"string"},"id":{"type":"integer"}},"required":["name","id"],"additionalProperties":false}""",
            ["""{"name":"x","id":1}""", """{"name": "x", "id": 1}""", """{"name":"","id":-12}"""], ["""{"¦id":1}""", """{"name":"x"¦}""", """{"name":"x","id":1¦,""", """{"name":¦1""", """{"name": ¦ "x"}""", """{"name":"x","id":1¦.5}"""]),
        new("optional", """{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"},"d":{"type":"integer"}},"required":["b"],"additionalProperties":false}""",
            ["""{"b":1}""", """{"a":1,"b":2}""", """{"b":1,"d":2}""", """{"a":1,"b":2,"c":3,"d":4}"""], ["{¦}", """{"¦c":1}""", """{"a":1¦}""", """{"b":1,"¦a":2}""", """{"b":1,"d":2¦,"c":3}"""]),
        new("all optional", """{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},"additionalProperties":false}""", ["{}", """{"a":null}""", """{"b":null}""", """{"a":null,"b":null}"""], ["""{"b":null¦,"a":null}""", """{"a":null,¦}"""]),
        new("no properties", """{"type":"object","properties":{},"additionalProperties":false}""", ["{}"], ["{¦\"a\":1}"]),
        new("additional", """{"type":"object","properties":{"ab":{"type":"integer"},"a":{"type":"boolean"}},"required":["a"],"additionalProperties":{"type":"string"}}""",
            ["""{"a":true}""", """{"ab":1,"a":true}""", """{"a":true,"abc":"x"}""", """{"a":true,"":"x","b":"","aé":"z"}""", """{"a":false,"\\":"1","ac":"2"}"""],
            ["""{"a":true,"a¦":"x"}""", """{"a":true,"ab¦":"x"}""", """{"a":true,"abc":¦1}""", """{"a":true,"\¦u0061":"x"}"""]),
        new("additional only", """{"type":"object","additionalProperties":{"type":"integer"}}""", ["{}", """{"x":1,"\u0079":2}"""], ["""{"x":¦"1"}"""]),
        new("required beyond properties", """{"type":"object","required":["z","y"]}""", ["""{"z":1,"y":2}""", """{"z":{},"y":[],"x":0}"""], ["{¦}", """{"z":1¦}""", """{"¦y":1}"""]),
        new("unicode keys", """{"type":"object","properties":{"日本":{"const":1},"é\"\\\n":{"const":2},"😀":{"const":3}},"required":["日本","é\"\\\n","😀"],"additionalProperties":false}""",
            ["""{"日本":1,"é\"\\\n":2,"😀":3}"""], ["""{"日¦x":1}""", """{"日本":¦2}"""]),
        new("array", """{"type":"array","items":{"type":"integer"}}""", ["[]", "[1]", "[1, 2,3]", "[0,-0,10]"], ["[1¦.5]", "[¦\"1\"]", "[0¦0]"]),
        new("array of two to four", """{"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":4}""", ["[true,false]", "[true,true,true,true]"], ["[¦]", "[true¦]", "[true,true,true,true¦,true]"]),
        new("array of one hundred", """{"type":"array","items":{"type":"null"},"minItems":100,"maxItems":100}""", ["[" + string.Join(",", Enumerable.Repeat("null", 100)) + "]"], ["[" + string.Join(",", Enumerable.Repeat("null", 99)) + "¦]", "[" + string.Join(",", Enumerable.Repeat("null", 100)) + "¦,"]),
        new("empty array", """{"type":"array","maxItems":0}""", ["[]"], ["[¦1]"]),
        new("tuple", """{"type":"array","prefixItems":[{"type":"string"},{"type":"integer"}],"items":{"type":"boolean"},"minItems":1,"maxItems":4}""", ["""["a"]""", """["a",1]""", """["a",1,true,false]"""], ["[¦]", "[¦1]", """["a",¦true]""", """["a",1,true,true¦,true]"""]),
        new("closed tuple", """{"type":"array","prefixItems":[{"type":"null"},{"type":"null"}],"items":false,"minItems":2}""", ["[null,null]"], ["[null¦]", "[null,null¦,null]"]),
        new("string", """{"type":"string"}""", ["\"\"", "\"日本é😀\"", "\"\\n\\\"\\\\\\/\\u00e9\\uD83D\\ude00\"", "\"\u007f\""], ["\"¦\n\"", "\"\\¦x\"", "\"\\ud83d¦x\"", "\"\\u¦g\"", "\"\\ud¦c00\"", "\"a\"¦\"", "\"\\ud83d\\u¦0041\""]),
        new("string of two to three", """{"type":"string","minLength":2,"maxLength":3}""", ["\"ab\"", "\"日本é\"", "\"😀😀\"", "\"\\ud83d\\ude00\\n\""], ["\"¦\"", "\"a¦\"", "\"abc¦d\"", "\"\\u0041¦\"", "\"😀😀😀¦😀\""]),
        new("long string", """{"type":"string","minLength":1,"maxLength":5000}""", ["\"" + new string('x', 5000) + "\"", "\"x\""], ["\"" + new string('x', 5000) + "¦x\"", "\"¦\""]),
        new("enum of prefixes", """{"enum":["a","ab","abc","b",1,12,123,true,null,{"a":[1,2]},[]]}""", ["\"a\"", "\"ab\"", "\"abc\"", "1", "12", "123", "null", "[]", """{"a": [1, 2]}""", """{"a":[1,2]}"""], ["\"abc¦d\"", "\"¦c\"", "¦2", "123¦4", "[¦1]"]),
        new("enum with type", """{"type":["string","null"],"enum":["x",1,null]}""", ["\"x\"", "null"], ["¦1"]),
        new("const", """{"const":{"k":"é\n\u0001"}}""", ["{\"k\":\"é\\n\\u0001\"}"], ["{\"k\":\"¦\\u00e9"]),
        new("number", """{"type":"number"}""", ["0", "-1", "1.5", "1e10", "1E-7", "123456789012345678901234567890.123456789", "-0.0e0"], ["¦+1", "0¦1", "1.¦e", "¦.5", "1e+¦-", "-¦-1"]),
        new("integer", """{"type":"integer"}""", ["0", "-12", "98765432109876543210"], ["1¦.0", "1¦e5", "0¦0"]),
        new("integer range", """{"type":"integer","minimum":-15,"maximum":230}""", ["-15", "-9", "0", "7", "230", "229", "199"], ["-1¦6", "23¦1", "30¦0", "-2¦0", "99¦9"]),
        new("exclusive range", """{"type":"integer","exclusiveMinimum":0,"exclusiveMaximum":100}""", ["1", "99", "10"], ["¦0", "¦-", "10¦0"]),
        new("fraction range", """{"type":"number","minimum":0,"maximum":1}""", ["0", "1", "0.5", "1.000", "0.99999"], ["¦-", "1.0¦1", "¦2", "1¦0", "0.5¦e"]),
        new("negative range", """{"type":"number","exclusiveMaximum":-1.25}""", ["-1.26", "-2", "-100.5", "-1.2501"], ["¦1", "-¦0", "-1.2¦4", "-1.25¦}"]),
        new("pattern", """{"type":"string","pattern":"^[a-c]+(-[0-9]{2,3})?$"}""", ["\"a\"", "\"abc-12\"", "\"cc-123\""], ["\"¦\"", "\"a-1¦\"", "\"a-123¦4\"", "\"¦d\"", "\"¦\\u0061\""]),
        new("loose pattern", """{"type":"string","pattern":"[a-z].*\\d"}""", ["\"b1\"", "\"xxbb7yy😀\"", "\"\\nb0\\\"\""], ["\"b¦\"", "\"ab¦\""]),
        new("pattern with quotes", """{"type":"string","pattern":"^[\"\\\\\\n/]{1,2}$"}""", ["\"\\\"\"", "\"\\\\\\n\"", "\"/\""], ["\"\\¦/\"", "\"¦a"]),
        new("pattern and lengths", """{"type":"string","pattern":"^(ab)*$","minLength":3,"maxLength":7}""", ["\"abab\"", "\"ababab\""], ["\"ab¦\"", "\"ababab¦a"]),
        new("unicode pattern", """{"type":"string","pattern":"^[^a-zé-\u{10FFFF}]{2}$"}""".Replace("\\u{10FFFF}", "\U0010FFFF"), ["\"AB\"", "\"Aè\""], ["\"¦a", "\"¦日"]),
        new("date-time", """{"type":"string","format":"date-time"}""", ["\"2024-02-29T23:59:59.5Z\"", "\"1999-12-31T00:00:00+01:00\""], ["\"2023-02-2¦9", "\"2024-1¦3", "\"2024-01-01T2¦4"]),
        new("date", """{"type":"string","format":"date"}""", ["\"2024-02-29\"", "\"2000-02-29\""], ["\"1900-02-2¦9", "\"2024-04-3¦1"]),
        new("time", """{"type":"string","format":"time"}""", ["\"12:00:00Z\""], ["\"12:¦60"]),
        new("uuid", """{"type":"string","format":"uuid"}""", ["\"123e4567-e89b-12d3-a456-426614174000\""], ["\"123e4567¦e"]),
        new("email", """{"type":"string","format":"email","maxLength":40}""", ["\"a.b+c@ex-am.ple\""], ["\"¦@", "\"a¦\"", "\"a.¦."]),
        new("hostname", """{"type":"string","format":"hostname"}""", ["\"a-b.c0\""], ["\"¦-", "\"a-¦."]),
        new("ipv4", """{"type":"string","format":"ipv4"}""", ["\"127.0.0.1\"", "\"255.249.99.9\""], ["\"25¦6", "\"0¦1"]),
        new("duration", """{"type":"string","format":"duration"}""", ["\"P1Y2M3DT4H5M6S\"", "\"PT1S\"", "\"P2W\""], ["\"P¦\"", "\"P1DT¦\"", "\"P1¦H"]),
        new("null and boolean", """{"type":["null","boolean"]}""", ["null", "true", "false"], ["¦1", "nul¦k"]),
        new("union of types", """{"type":["string","integer","array"],"minLength":1,"minimum":5,"items":{"type":"string"}}""", ["\"a\"", "5", "[\"\"]", "[]"], ["\"¦\"", "4¦}", "¦{"]),
        new("type from keywords", """{"properties":{"a":{"minLength":1}}}""", ["{}", """{"a":"x"}"""], ["¦1", """{"¦b""", """{"a":¦1}"""]),
        new("union with common beginnings", """{"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"value":{"type":"integer"}},"required":["kind","value"]},{"type":"object","properties":{"kind":{"const":"ab"},"value":{"type":"string"}},"required":["kind","value"]},{"type":"array","items":{"type":"integer"}},{"type":"array","items":{"type":"string"}}]}""",
            ["""{"kind":"a","value":1}""", """{"kind":"ab","value":"1"}""", "[1,2]", "[\"a\"]", "[]"], ["""{"kind":"a","value":¦"1"}""", """{"kind":"ab","value":¦1}""", "[1,¦\"a\"]", "[\"a\",¦1]"]),
        new("nested unions", """{"type":"array","items":{"anyOf":[{"type":"array","items":{"type":"integer"},"maxItems":1},{"type":"array","items":{"type":"integer"},"minItems":3,"maxItems":3}]}}""", ["[[],[1],[1,2,3]]"], ["[[1,2¦]]", "[[1,2,3¦,4]]"]),
        new("linked list", """{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},"next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["value","next"],"additionalProperties":false}}}""",
            ["""{"value":1,"next":null}""", """{"value":1,"next":{"value":2,"next":{"value":3,"next":null}}}"""], ["""{"value":1¦}""", """{"value":1,"next":{"value":2¦}}"""]),
        new("tree", """{"type":"object","properties":{"name":{"type":"string"},"children":{"type":"array","items":{"$ref":"#"}}},"required":["name","children"]}""",
            ["""{"name":"a","children":[]}""", """{"name":"a","children":[{"name":"b","children":[{"name":"c","children":[]}]},{"name":"d","children":[]}]}"""], ["""{"name":"a","children":[¦1]}"""]),
        new("mutual recursion", """{"$ref":"#/$defs/a","$defs":{"a":{"type":"array","items":{"$ref":"#/$defs/b"},"maxItems":2},"b":{"type":"object","additionalProperties":{"$ref":"#/$defs/a"}}}}""", ["[]", """[{},{"x":[{}]}]"""], ["[¦[]]", "[{},{}¦,"]),
        new("ambiguous recursion", """{"anyOf":[{"type":"array","items":{"$ref":"#"},"maxItems":1},{"type":"array","items":{"$ref":"#"},"minItems":2,"maxItems":2}]}""", ["[]", "[[],[[]]]", "[[[[[]]]]]"], ["[[],[]¦,", "[¦1]"]),
        new("reference that loops beside a way out", """{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}}""", ["null"], ["¦1"]),
        new("impossible option", """{"type":"object","properties":{"a":false,"b":{"enum":[]},"c":{"type":"null"}},"required":["c"]}""", ["""{"c":null}"""], ["""{"¦a""", """{"¦b"""]),
        new("annotations", """{"$schema":"https://json-schema.org/draft/2020-12/schema","$id":"x","title":"t","description":"d","default":1,"examples":[1],"type":"null"}""", ["null"], ["¦1"]),
        new("single allOf", """{"allOf":[{"$ref":"#/$defs/x"}],"description":"d","$defs":{"x":{"type":"boolean"}}}""", ["true"], ["¦1"]),
    ];
}
