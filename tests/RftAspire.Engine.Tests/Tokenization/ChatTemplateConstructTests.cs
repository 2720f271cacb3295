using System.Text.Json;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

/// <summary>What each construct of a chat template means; the expected texts are what Jinja 3.1 writes.</summary>
public sealed class ChatTemplateConstructTests
{
    private const string Messages = """
        [{"role":"user","content":"hi","n":3},{"role":"assistant","content":"yo","n":1.50},{"role":"tool","content":null,"n":true,"more":{"k":"it's","l":[1,"é\n"]}}]
        """;

    [Theory]
    [InlineData("{% for m in messages if m.role != 'user' %}{{ loop.index }}/{{ loop.length }}{{ m.role }} {% endfor %}", "1/2assistant 2/2tool ")]
    [InlineData("{% for m in [] %}x{% else %}none{% endfor %}{% for m in messages if m.no %}x{% else %}nobody{% endfor %}", "nonenobody")]
    [InlineData("{% for k, v in messages[0].items() %}{{ k }}={{ v }};{% endfor %}", "role=user;content=hi;n=3;")]
    [InlineData("{% for m in messages %}{% if loop.index == 2 %}{% continue %}{% endif %}{{ m.role }}{% endfor %}", "usertool")]
    [InlineData("{% for a in [1, 2] %}{% for b in 'xyz' %}{% if b == 'y' %}{% break %}{% endif %}{{ a }}{{ b }}{% endfor %}{% endfor %}", "1x2x")]
    [InlineData("{% for m in messages %}{{ loop.cycle('a', 'b') }}{{ loop.previtem is defined }}{{ loop.nextitem.role if not loop.last }} {% endfor %}", "aFalseassistant bTruetool aTrue ")]
    [InlineData("{% macro turn(role, text='none') -%} [{{ role }}: {{ text }}] {%- endmacro %}{{ turn('u') }}{{ turn(text='x', role='a') | upper }}", "[u: none][A: X]")]
    [InlineData("{% set x %}a{{ 1 + 1 }}{% endset %}{{ x | length }}{{ x }}", "2a2")]
    [InlineData("{% set a, b = 'xy' %}{{ b }}{{ a }}{% set t = 1, 2 %}{{ t }}", "yx(1, 2)")]
    [InlineData("{% set ns = namespace(found=false) %}{% for m in messages %}{% if not ns.found and m.role == 'assistant' %}{% set ns.found = loop.index0 %}{% endif %}{% endfor %}{{ ns.found }}", "1")]
    [InlineData("a\n  {%+ if true +%}\n b{% endif %}\n{% raw %}{{ x }}{% endraw %}\n{%- generation -%} g {%- endgeneration %}", "a\n  \n b{{ x }}g")]
    [InlineData("{{ {'a': {'b': 1}}['a']['b'] }}{{ {'k': none}.k }}{{ ['a', 'b'].0 }}", "1Nonea")]
    [InlineData("{{ 'a' 'b' }}{{ 7 // 2 }}{{ -7 // 2 }}{{ 7 / 2 }}{{ 0.1 + 0.2 }}{{ 3 * 1.0 }}{{ 'ab' * 2 }}", "ab3-43.50.300000000000000043.0abab")]
    [InlineData("{{ 1 < 2 <= 2 }}{{ 1 == 1.0 }}{{ true == 1 }}{{ -1 | abs }}{{ (1, 2) == [1, 2] }}{{ [1] + [2] }}", "TrueTrueTrue1False[1, 2]")]
    [InlineData("{{ messages[2] }}", """{'role': 'tool', 'content': None, 'n': True, 'more': {'k': "it's", 'l': [1, 'é\n']}}""")]
    [InlineData("{{ messages[2] | tojson }}", """{"role": "tool", "content": null, "n": true, "more": {"k": "it's", "l": [1, "é\n"]}}""")]
    [InlineData("{{ messages[1] | tojson(indent=2) }}", "{\n  \"role\": \"assistant\",\n  \"content\": \"yo\",\n  \"n\": 1.5\n}")]
    [InlineData("{{ {'b': [], 'a': {}} | tojson(separators=(',', ':'), sort_keys=true) }}{{ '</a>\\u0001é' | tojson(ensure_ascii=true) }}", "{\"a\":{},\"b\":[]}\"</a>\\u0001\\u00e9\"")]
    [InlineData("{{ messages | map(attribute='role') | join(', ') }} {{ messages | selectattr('role', 'equalto', 'tool') | list | length }}", "user, assistant, tool 1")]
    [InlineData("{{ messages | rejectattr('content', 'none') | map(attribute='content') | map('upper') | join }} {{ messages | selectattr('more') | list | length }}", "HIYO 1")]
    [InlineData("{{ messages | map(attribute='more.k', default='-') | list }}{{ ['a', 1] | select('string') | list }}", """['-', '-', "it's"]['a']""")]
    [InlineData("{{ {'b': 2, 'A': 1} | dictsort }}{{ ['b', 'A', 'b'] | unique | sort(reverse=true) }}{{ [3, 1] | min }}{{ [1, 2.5] | sum }}", "[('A', 1), ('b', 2)]['b', 'A']13.5")]
    [InlineData("{{ 'a\nb\n\nc' | indent }}|{{ 'x' | default('y') }}{{ none | d('z', true) }}{{ 'it is-a' | title }}{{ '12' | int + 1 }}{{ 'q' | float }}", "a\n    b\n\n    c|xzIt Is-A130.0")]
    [InlineData("{{ 'a-b-c'.rsplit('-', 1) }}{{ 'abc'.removeprefix('a') }}{{ 'a b'.title() }}{{ 'éab'.find('b') }}{{ ', '.join(['x', 'y']) }}{{ 'aXbX'.replace('X', '', 1) }}", "['a-b', 'c']bcA B2x, yabX")]
    [InlineData("{{ 'x'.startswith(('a', 'x')) }}{{ {'a': 1}.get('b', 2) }}{{ {'a': 1}.get('b') }}{{ {'a': 1}.keys() | list }}", "True2None['a']")]
    [InlineData("{{ 3 is odd }}{{ 4 is divisibleby 2 }}{{ 'a' is in ['a'] }}{{ messages is sequence }}{{ none is none }}{{ 1.0 is float }}{{ x is not defined }}{{ true is boolean }}", "TrueTrueTrueTrueTrueTrueTrueTrue")]
    [InlineData("{{ range(3) | list }}{{ range(4, 0, -2) | list }}{{ dict(a=1).a }}{{ [1, 2, 3][::-1] }}{{ (1, 2, 3)[1:] }}", "[0, 1, 2][4, 2]1[3, 2, 1](2, 3)")]
    [InlineData("{{ strftime_now is defined }}", "False")]
    public void Render_Construct_MeansWhatJinjaMeans(string template, string expected) =>
        Assert.Equal(expected, ChatTemplate.Parse(template).Render(Input()));

    [Fact]
    public void Render_WithADate_GivesItInTheAskedForm()
    {
        var template = ChatTemplate.Parse("{{ strftime_now('%d %b %Y, %A %H:%M:%S %j 100%%') }}");
        Assert.Equal("07 Mar 2025, Friday 14:05:09 066 100%", template.Render(Input() with { Now = new DateTimeOffset(2025, 3, 7, 14, 5, 9, TimeSpan.Zero) }));
        var unknown = ChatTemplate.Parse("{{ strftime_now('%q') }}");
        Assert.Contains("'%q'", Assert.Throws<ChatTemplateException>(() => unknown.Render(Input() with { Now = DateTimeOffset.UnixEpoch })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_FurtherVariables_AreThereByName()
    {
        var template = ChatTemplate.Parse("{% if enable_thinking is defined and enable_thinking is false %}off{% endif %}{{ tools is none }}");
        Assert.Equal("offTrue", template.Render(Input() with { Variables = new Dictionary<string, JsonElement> { ["enable_thinking"] = Json("false") } }));
        Assert.Equal("True", template.Render(Input()));
    }

    [Fact]
    public void Render_MessagesThatAreNoList_AreRefused() =>
        Assert.Contains("not a list", Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("").Render(new ChatTemplateInput { Messages = Json("{}") })).Message, StringComparison.Ordinal);

    private static ChatTemplateInput Input() => new() { Messages = Json(Messages) };

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}
