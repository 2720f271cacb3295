using System.Text;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class ChatTemplateTests : IDisposable
{
    private const string ChatMl = """
        {%- if messages[0].role != 'system' %}
            {{- '<|im_start|>system\nBe helpful.<|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages %}
            {%- if message.role in ['user', 'system'] or (message.role == "assistant" and not message.tool_calls) %}
                {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
        {%- endif %}

        """;

    private static readonly (string, string)[] Chat = [("user", " Hi {{ x }} "), ("assistant", "Yo"), ("user", "Bye")];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Render_ChatMl_MarksEveryTurn()
    {
        var template = ChatTemplate.Parse(ChatMl);
        Assert.Equal("<|im_start|>system\nBe helpful.<|im_end|>\n<|im_start|>user\n Hi {{ x }} <|im_end|>\n<|im_start|>assistant\nYo<|im_end|>\n"
            + "<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n", template.Render(Chat, true));
        Assert.Equal("<|im_start|>system\nS<|im_end|>\n", template.Render([("system", "S")], false));
    }

    [Fact]
    public void Render_TemplateThatPicksTheTitle_LeavesTheRestOut()
    {
        var template = ChatTemplate.Parse(
            "{{ bos_token }}Title: {{ messages[-1].content.split('Title of the act: ')[-1].split('\\n\\n')[0] }}\nDomains:\n", "<bos>");
        Assert.Equal("<bos>Title: On eels\nDomains:", template.Render([("user", "Do this.\nTitle of the act: On eels\n\nAnswer in JSON.")], true));
    }

    [Theory]
    [InlineData("{{ 1 + 2 ~ 'a' ~ 3 - 1 if false else 1 - 2 }}", "-1")]
    [InlineData("{{ -3 % 5 }} {{ 7 % -3 }}", "2 -2")]
    [InlineData("{{ not 1 == 2 }} {{ 'a' in 'abc' and 'z' not in 'abc' }} {{ none }}{{ unknown }}", "True True None")]
    [InlineData("{{ '' or 'y' }}{{ 'x' and 'z' }}", "yz")]
    [InlineData("{{ 'abcdef'[1:-1] }} {{ 'abcdef'[::-2] }} {{ 'abc'[-1] }} {{ 'abc'[10:] }} {{ 'abc'[-10:2] }}", "bcde fdb c  ab")]
    [InlineData("{{ 'x\U0001F999y'[1] }}{{ '\U0001F999' | length }}", "\U0001F9991")]
    [InlineData("{{ messages | length }}{{ messages[9] }}{{ messages[-3]['role'] }}", "3user")]
    [InlineData("{{ 'a b  c '.split() | join('-') }} {{ 'a,b,c'.split(',', 1)[1] }}", "a-b-c b,c")]
    [InlineData("{{ ' a '.strip() }}{{ 'xxaxx'.lstrip('x') }}{{ 'xxaxx'.rstrip('x') }}", "aaxxxxa")]
    [InlineData("{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('x') }} {{ 'aba'.replace('a', 'cc') }}", "True False ccbcc")]
    [InlineData("{{ ' Ab ' | trim | upper }}{{ 'Ab' | lower }}{{ no | default('d') }}{{ '' | default('e', true) }}", "ABabde")]
    [InlineData("{{ no is defined }} {{ messages is iterable }} {{ 'a' is not string }} {{ 'a\"é' | tojson }}", "False True False \"a\\\"é\"")]
    [InlineData("{% set x = 1 %}{% for m in messages %}{% set x = 2 %}{{ loop.index0 }}{{ loop.last }} {% endfor %}{{ x }}", "0False 1False 2True 1")]
    [InlineData("{% set n = namespace(x=1) %}{% for m in messages %}{% set n.x = n.x + 1 %}{% endfor %}{{ n.x }}", "4")]
    [InlineData("{% if no %}a{% elif messages %}b{% else %}c{% endif %}{% if no %}{% else %}d{% endif %}", "bd")]
    [InlineData("{# c #}\n  {# d #}\nx {% if true %}\n y{% endif %}  \n  {%- if true -%}  z  {%- endif -%}  \n w {{ 1 -}} \n v {{- 2 }}\n\n", "x  yzw 1v2\n")]
    [InlineData("{% if true %}\r\n  {% if true %}\r\na\r\n{% endif %}{% endif %}", "a\n")]
    public void Render_Construct_MeansWhatJinjaMeans(string template, string expected) =>
        Assert.Equal(expected, ChatTemplate.Parse(template).Render(Chat, false));

    [Theory]
    [InlineData("a\n {% include 'x' %}", "the tag 'include' is not supported: for, if, set, macro, generation, raw, break and continue are (line 2, column 5)")]
    [InlineData("{{ messages | groupby('role') }}", "the filter 'groupby' is not supported")]
    [InlineData("{{ 'a'.format(1) }}", "the method 'format' is not supported")]
    [InlineData("{{ cycler('%d') }}", "the function 'cycler' is not supported: raise_exception, namespace, dict, range, strftime_now and macros are")]
    [InlineData("{% break %}", "'break' outside of a loop")]
    [InlineData("{% for a in b recursive %}{% endfor %}", "a recursive loop is not supported")]
    [InlineData("{% for a in b %}{% macro f() %}{% endmacro %}{% endfor %}", "a macro within a loop is not supported")]
    [InlineData("{% raw %} {{", "'raw' has no 'endraw'")]
    [InlineData("{{ 1 is prime }}", "'is prime' is not supported")]
    [InlineData("{{ {'a': 1 }}", "the tag has no end '}}'")]
    [InlineData("{{ {'a'} }}", "expected ':' instead of '}'")]
    [InlineData("{{ 99999999999999999999 }}", "too large")]
    [InlineData("{{ 'a }}", "the string has no end")]
    [InlineData("{{ '\\q' }}", "the escape '\\q'")]
    [InlineData("{{ a ", "the tag has no end '}}'")]
    [InlineData("{# a", "the comment has no end")]
    [InlineData("{% for a in b %}x", "expected 'endfor'")]
    [InlineData("{% for a, in c %}", "expected 'in' instead of 'c'")]
    [InlineData("x{% endif %}", "'endif' without its beginning")]
    [InlineData("{{ a b }}", "expected '}}' instead of 'b'")]
    [InlineData("{{ }}", "where a value is expected")]
    public void Parse_OutsideTheSupportedPart_NamesConstructAndPosition(string template, string expected)
    {
        var fault = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.Contains("(line ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{{ raise_exception('roles must alternate') }}", "refuses the messages: roles must alternate")]
    [InlineData("{{ no.field }}", "'field' of an undefined value")]
    [InlineData("{{ 'a' + 1 }}", "'+' is not supported for a string and a number")]
    [InlineData("{{ 1 % 0 }}", "'%' is not supported")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "overflows")]
    [InlineData("{{ raise_exception }}", "a function cannot be written")]
    [InlineData("{{ messages | tojson(width=1) }}", "the argument 'width' of 'tojson' is not supported")]
    [InlineData("{{ no | tojson }}", "an undefined value cannot be written as JSON")]
    [InlineData("{{ strftime_now('%d') }}", "strftime_now is one where a date is given")]
    [InlineData("{{ messages[0].items }}", "['items'] is the entry of that name")]
    [InlineData("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "'f' takes at most 1 arguments, not 2")]
    [InlineData("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "macros call each other deeper than 50 levels")]
    [InlineData("{{ range(1000000) }}", "a range of more than 100000 numbers")]
    [InlineData("{% for a, b in [[1]] %}{% endfor %}", "1 values for the 2 names a, b")]
    [InlineData("{{ [1, 'a'] | sort }}", "'<' is not supported for a number and a string")]
    [InlineData("{{ 'a'.split('') }}", "the method 'split' is not supported")]
    [InlineData("{{ 'a'[::0] }}", "step cannot be 0")]
    [InlineData("{% set a.b = 1 %}", "'a' is no namespace")]
    public void Render_WhatCannotBeDone_SaysSo(string template, string expected) =>
        Assert.Contains(expected, Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render(Chat, false)).Message, StringComparison.Ordinal);

    [Fact]
    public void Render_RunawayTemplates_StopAtTheirBounds()
    {
        var doubling = "{% set n = namespace(s='0123456789') %}{% for a in messages[0].content.split('x') %}{% set n.s = n.s + n.s %}{% endfor %}";
        Assert.Contains("characters", FaultOf(doubling, new string('x', 60)), StringComparison.Ordinal);
        const string Loop = "{% for a in messages[0].content.split('x') %}";
        var loops = $"{Loop}{Loop}{Loop}{{{{ a }}}}{{% endfor %}}{{% endfor %}}{{% endfor %}}";
        Assert.Contains("steps", FaultOf(loops, new string('x', 1000)), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_DeepTemplates_AreRefusedBeforeTheStackEnds()
    {
        foreach (var deep in new[] { Repeat("(") + "1" + Repeat(")"), Repeat("{'a':") + "1" + Repeat("}"), Repeat("not ") + "1", "a" + Repeat(" + a"), "a" + Repeat(".b"), "a" + Repeat(" | trim"), Repeat("- ") + "1" })
            Assert.Contains("supported", FaultOf($"{{{{ {deep} }}}}", "").Replace("nests deeper", "supported", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("nests deeper", FaultOf(Repeat("{% if true %}"), ""), StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_RandomMutations_ThrowNothingButChatTemplateException()
    {
        var random = new Random(5);
        for (var round = 0; round < 3000; round++)
        {
            var mutated = new StringBuilder(ChatMl);
            for (var edits = 0; edits < 3; edits++) mutated[random.Next(mutated.Length)] = "{}%'[]().|-+ x0\n"[random.Next(16)];
            try
            {
                ChatTemplate.Parse(mutated.ToString()).Render(Chat, true);
            }
            catch (ChatTemplateException)
            {
                // Refused, as it should be.
            }
        }
    }

    [Fact]
    public void Load_TokenizerConfig_GivesTemplateAndTokens()
    {
        WriteConfig("""{"chat_template":"{{ bos_token }}{{ messages[0].content }}{{ eos_token }}","bos_token":"<s>","eos_token":{"content":"</s>"}}""");
        Assert.Equal("<s>a</s>", ChatTemplate.Load(folder.Path).Render([("user", "a")], true));
        WriteConfig("""{"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d{{ bos_token }}"}]}""");
        Assert.Equal("d", ChatTemplate.Load(folder.Path).Render([("user", "a")], true));
        File.WriteAllText(folder.File("chat_template.jinja"), "file");
        Assert.Equal("file", ChatTemplate.Load(folder.Path).Render([("user", "a")], true));
    }

    [Fact]
    public void Load_FolderWithoutTemplate_JoinsTheContents()
    {
        Assert.Equal("a\nb", ChatTemplate.Load(folder.Path).Render([("system", "a"), ("user", "b")], true));
        WriteConfig("""{"bos_token":"<s>"}""");
        Assert.Equal("a", ChatTemplate.Load(folder.Path).Render([("user", "a")], true));
    }

    [Theory]
    [InlineData("""{"chat_template":"{% include %}"}""", "the tag 'include'")]
    [InlineData("""{"chat_template":3}""", "chat_template is not a list: 3")]
    [InlineData("""{"chat_template":"","bos_token":3}""", "bos_token is not a string: 3")]
    [InlineData("""{"chat_template":[{"name":"rag","template":""}]}""", "without a 'default'")]
    [InlineData("{", "malformed")]
    public void Load_BadConfig_NamesTheFile(string config, string expected)
    {
        WriteConfig(config);
        var fault = Assert.Throws<CheckpointException>(() => ChatTemplate.Load(folder.Path));
        Assert.Contains("tokenizer_config.json", fault.Message, StringComparison.Ordinal);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    private static string Repeat(string part) => new StringBuilder().Insert(0, part, 3000).ToString();

    private static string FaultOf(string template, string content) =>
        Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(template).Render([("user", content)], false)).Message;

    private void WriteConfig(string json) => File.WriteAllText(folder.File("tokenizer_config.json"), json);
}
