using System.Text.Json;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

/// <summary>Templates in the manner of the families that checkpoints come in, written for these tests, with tools where those have them.</summary>
public sealed class ChatTemplateFamilyTests
{
    private const string Tools = """
        [{"type":"function","function":{"name":"area","description":"Area of a <shape>","parameters":{"type":"object","properties":{"side":{"type":"number"}},"required":["side"]}}}]
        """;

    private const string Call = """
        [{"role":"system","content":"Be brief."},{"role":"user","content":"A square of 2?"},
         {"role":"assistant","content":"","tool_calls":[{"id":"abcdefgh1","type":"function","function":{"name":"area","arguments":{"side":2}}}]},
         {"role":"tool","tool_call_id":"abcdefgh1","content":"4"},{"role":"tool","tool_call_id":"abcdefgh1","content":"four"},
         {"role":"assistant","content":"<think>\nEasy.\n</think>\n\n4."},{"role":"user","content":"Thanks"}]
        """;

    private const string Plain = """[{"role":"user","content":" Hi "},{"role":"assistant","content":" Yo "},{"role":"user","content":"Bye"}]""";

    /// <summary>Headers, a date, tools as indented JSON in the first message of the user, answers of tools as another role.</summary>
    private const string LlamaLike = """
        {{- bos_token }}
        {%- if not date is defined %}
            {%- if strftime_now is defined %}
                {%- set date = strftime_now("%d %b %Y") %}
            {%- else %}
                {%- set date = "01 Jan 2024" %}
            {%- endif %}
        {%- endif %}
        {%- if messages[0]['role'] == 'system' %}
            {%- set opening = messages[0]['content']|trim %}
            {%- set messages = messages[1:] %}
        {%- else %}
            {%- set opening = "" %}
        {%- endif %}
        {{- "<h>system</h>\n\nToday: " + date + "\n\n" + opening + "<eot>" }}
        {%- if tools is not none %}
            {%- if messages | length == 0 %}{{ raise_exception("no user message to put the tools in") }}{% endif %}
            {{- '<h>user</h>\n\nCall one of\n\n' }}
            {%- for t in tools %}
                {{- t | tojson(indent=4) }}
                {{- "\n\n" }}
            {%- endfor %}
            {{- messages[0]['content']|trim + "<eot>" }}
            {%- set messages = messages[1:] %}
        {%- endif %}
        {%- for message in messages %}
            {%- if not (message.role == 'tool' or 'tool_calls' in message) %}
                {{- '<h>' + message['role'] + '</h>\n\n' + message['content'] | trim + '<eot>' }}
            {%- elif 'tool_calls' in message %}
                {%- if not message.tool_calls|length == 1 %}
                    {{- raise_exception("one call at a time") }}
                {%- endif %}
                {%- set call = message.tool_calls[0].function %}
                {{- '<h>assistant</h>\n\n{"name": "' + call.name + '", "parameters": ' }}
                {{- call.arguments | tojson }}
                {{- "}<eot>" }}
            {%- else %}
                {{- "<h>tool</h>\n\n" }}
                {%- if message.content is mapping or message.content is iterable and message.content is not string %}
                    {{- message.content | tojson }}
                {%- else %}
                    {{- message.content }}
                {%- endif %}
                {{- "<eot>" }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<h>assistant</h>\n\n' }}
        {%- endif %}

        """;

    /// <summary>ChatML with tools in tags, thoughts dropped from earlier turns, and answers of tools gathered in one turn.</summary>
    private const string QwenLike = """
        {%- if tools %}
            {{- '<|im_start|>system\n' }}
            {%- if messages[0].role == 'system' %}{{- messages[0].content + '\n\n' }}{%- endif %}
            {{- "Within <tools></tools>:\n<tools>" }}
            {%- for tool in tools %}
                {{- "\n" }}{{- tool | tojson }}
            {%- endfor %}
            {{- "\n</tools><|im_end|>\n" }}
        {%- elif messages[0].role == 'system' %}
            {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
        {%- endif %}
        {%- set ns = namespace(searching=true, last_query=messages|length - 1) %}
        {%- for message in messages[::-1] %}
            {%- set index = (messages|length - 1) - loop.index0 %}
            {%- if ns.searching and message.role == "user" and not(message.content.startswith('<answer>') and message.content.endswith('</answer>')) %}
                {%- set ns.searching = false %}
                {%- set ns.last_query = index %}
            {%- endif %}
        {%- endfor %}
        {%- for message in messages %}
            {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
                {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
            {%- elif message.role == "assistant" %}
                {%- set content = message.content %}
                {%- set thought = '' %}
                {%- if '</think>' in content %}
                    {%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                    {%- set content = content.split('</think>')[-1].lstrip('\n') %}
                {%- endif %}
                {%- if loop.index0 > ns.last_query and (loop.last or thought) %}
                    {{- '<|im_start|>' + message.role + '\n<think>\n' + thought.strip('\n') + '\n</think>\n\n' + content }}
                {%- else %}
                    {{- '<|im_start|>' + message.role + '\n' + content }}
                {%- endif %}
                {%- for call in message.tool_calls or [] %}
                    {%- if (loop.first and content) or (not loop.first) %}{{- '\n' }}{%- endif %}
                    {%- if call.function %}{%- set call = call.function %}{%- endif %}
                    {{- '<call>\n{"name": "' }}{{- call.name }}{{- '", "arguments": ' }}
                    {{- call.arguments if call.arguments is string else call.arguments | tojson }}
                    {{- '}\n</call>' }}
                {%- endfor %}
                {{- '<|im_end|>\n' }}
            {%- elif message.role == "tool" %}
                {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
                {{- '\n<answer>\n' }}{{- message.content }}{{- '\n</answer>' }}
                {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\n' }}{%- endif %}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
            {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
        {%- endif %}
        """;

    /// <summary>Strict turns, tools before the last message of the user, ids of calls checked.</summary>
    private const string MistralLike = """
        {%- if messages[0]["role"] == "system" %}
            {%- set opening = messages[0]["content"] %}
            {%- set turns = messages[1:] %}
        {%- else %}
            {%- set turns = messages %}
        {%- endif %}
        {%- if not tools is defined %}{%- set tools = none %}{%- endif %}
        {%- set users = turns | selectattr("role", "equalto", "user") | list %}
        {%- set ns = namespace() %}
        {%- set ns.index = 0 %}
        {%- for message in turns %}
            {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
                {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
                    {{- raise_exception("user and assistant take turns") }}
                {%- endif %}
                {%- set ns.index = ns.index + 1 %}
            {%- endif %}
        {%- endfor %}
        {{- bos_token }}
        {%- for message in turns %}
            {%- if message["role"] == "user" %}
                {%- if tools is not none and (message == users[-1]) %}
                    {{- "[TOOLS] [" }}
                    {%- for tool in tools %}
                        {%- set tool = tool.function %}
                        {{- '{"type": "function", "function": {' }}
                        {%- for key, val in tool.items() if key != "return" %}
                            {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}{%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
                            {%- if not loop.last %}{{- ", " }}{%- endif %}
                        {%- endfor %}
                        {{- "}}" }}
                        {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
                    {%- endfor %}
                    {{- "[/TOOLS]" }}
                {%- endif %}
                {%- if loop.last and opening is defined %}
                    {{- "[INST] " + opening + "\n\n" + message["content"] + "[/INST]" }}
                {%- else %}
                    {{- "[INST] " + message["content"] + "[/INST]" }}
                {%- endif %}
            {%- elif message.tool_calls is defined and message.tool_calls is not none %}
                {{- "[CALLS] [" }}
                {%- for call in message.tool_calls %}
                    {%- set out = call.function|tojson %}
                    {{- out[:-1] }}
                    {%- if not call.id is defined or call.id|length != 9 %}{{- raise_exception("a call's id has nine characters") }}{%- endif %}
                    {{- ', "id": "' + call.id + '"}' }}
                    {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" + eos_token }}{%- endif %}
                {%- endfor %}
            {%- elif message["role"] == "assistant" %}
                {{- " " + message["content"]|trim + eos_token }}
            {%- elif message["role"] in ["tool_results", "tool"] %}
                {{- '[RESULT] {"content": ' + message.content|string + '}[/RESULT]' }}
            {%- endif %}
        {%- endfor %}
        """;

    /// <summary>Blocks on lines of their own, whose whitespace trim_blocks and lstrip_blocks settle.</summary>
    private const string ZephyrLike = """
        {% for message in messages %}
        {% if message['role'] == 'user' %}
        {{ '<|user|>\n' + message['content'] + eos_token }}
        {% elif message['role'] == 'assistant' %}
        {% generation %}
        {{ '<|assistant|>\n'  + message['content'] + eos_token }}
        {% endgeneration %}
        {% endif %}
        {% if loop.last and add_generation_prompt %}
        {{ '<|assistant|>' }}
        {% endif %}
        {% endfor %}
        """;

    /// <summary>All on one line, with the roles in a macro.</summary>
    private const string OneLine = "{% macro turn(m) %}{{ '<|' + m['role'] + '|>\n' + m.content + '<|end|>\n' }}{% endmacro %}{% for m in messages %}{{ turn(m) }}"
        + "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}";

    [Fact]
    public void Render_LlamaLike_PutsToolsAndCallsIntoTurns()
    {
        const string Indented = "{\n    \"type\": \"function\",\n    \"function\": {\n        \"name\": \"area\",\n        \"description\": \"Area of a <shape>\",\n        \"parameters\": {\n"
            + "            \"type\": \"object\",\n            \"properties\": {\n                \"side\": {\n                    \"type\": \"number\"\n                }\n            },\n"
            + "            \"required\": [\n                \"side\"\n            ]\n        }\n    }\n}";
        Assert.Equal("<s><h>system</h>\n\nToday: 01 Jan 2024\n\nBe brief.<eot><h>user</h>\n\nCall one of\n\n" + Indented + "\n\nA square of 2?<eot>"
            + "<h>assistant</h>\n\n{\"name\": \"area\", \"parameters\": {\"side\": 2}}<eot><h>tool</h>\n\n4<eot><h>tool</h>\n\nfour<eot>"
            + "<h>assistant</h>\n\n<think>\nEasy.\n</think>\n\n4.<eot><h>user</h>\n\nThanks<eot><h>assistant</h>\n\n", Render(LlamaLike, Call, Tools));
        Assert.Equal("<s><h>system</h>\n\nToday: 29 Feb 2024\n\n<eot><h>user</h>\n\nHi<eot><h>assistant</h>\n\nYo<eot><h>user</h>\n\nBye<eot><h>assistant</h>\n\n",
            Render(LlamaLike, Plain, now: new DateTimeOffset(2024, 2, 29, 0, 0, 0, TimeSpan.Zero)));
    }

    [Fact]
    public void Render_QwenLike_DropsOldThoughtsAndGathersAnswers()
    {
        const string Line = """{"type": "function", "function": {"name": "area", "description": "Area of a <shape>", "parameters": {"type": "object", "properties": {"side": {"type": "number"}}, "required": ["side"]}}}""";
        Assert.Equal("<|im_start|>system\nBe brief.\n\nWithin <tools></tools>:\n<tools>\n" + Line + "\n</tools><|im_end|>\n<|im_start|>user\nA square of 2?<|im_end|>\n"
            + "<|im_start|>assistant\n<call>\n{\"name\": \"area\", \"arguments\": {\"side\": 2}}\n</call><|im_end|>\n"
            + "<|im_start|>user\n<answer>\n4\n</answer>\n<answer>\nfour\n</answer><|im_end|>\n<|im_start|>assistant\n4.<|im_end|>\n"
            + "<|im_start|>user\nThanks<|im_end|>\n<|im_start|>assistant\n", Render(QwenLike, Call, Tools));
        Assert.Equal("<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n<think>\nHm.\n</think>\n\nA<|im_end|>\n",
            Render(QwenLike, """[{"role":"user","content":"Q"},{"role":"assistant","content":"<think>\nHm.\n</think>\n\nA"}]""", prompt: false));
        Assert.Equal("<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", Render(QwenLike, """[{"role":"user","content":"Q"}]""", thinking: false));
    }

    [Fact]
    public void Render_MistralLike_ChecksTurnsAndIds()
    {
        Assert.Equal("<s>[INST] A square of 2?[/INST][CALLS] [{\"name\": \"area\", \"arguments\": {\"side\": 2}, \"id\": \"abcdefgh1\"}]</s>"
            + "[RESULT] {\"content\": 4}[/RESULT][RESULT] {\"content\": four}[/RESULT] <think>\nEasy.\n</think>\n\n4.</s>"
            + "[TOOLS] [{\"type\": \"function\", \"function\": {\"name\": \"area\", \"description\": \"Area of a <shape>\", \"parameters\": "
            + "{\"type\": \"object\", \"properties\": {\"side\": {\"type\": \"number\"}}, \"required\": [\"side\"]}}}][/TOOLS][INST] Be brief.\n\nThanks[/INST]",
            Render(MistralLike, Call, Tools));
        Assert.Contains("user and assistant take turns", Fault(MistralLike, """[{"role":"user","content":"a"},{"role":"user","content":"b"}]"""), StringComparison.Ordinal);
        Assert.Contains("nine characters", Fault(MistralLike, """[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"x","function":{}}]}]"""), StringComparison.Ordinal);
    }

    [Fact]
    public void Render_ZephyrLike_SettlesWhitespaceAsHuggingFaceDoes()
    {
        Assert.Equal("<|user|>\n Hi </s>\n<|assistant|>\n Yo </s>\n<|user|>\nBye</s>\n<|assistant|>\n", Render(ZephyrLike, Plain));
        Assert.Equal("<|user|>\n Hi <|end|>\n<|assistant|>\n Yo <|end|>\n<|user|>\nBye<|end|>\n<|assistant|>\n", Render(OneLine, Plain));
        Assert.EndsWith("Bye<|end|>\n</s>", Render(OneLine, Plain, prompt: false), StringComparison.Ordinal);
    }

    private static string Render(string template, string messages, string? tools = null, bool prompt = true, DateTimeOffset? now = null, bool? thinking = null) =>
        ChatTemplate.Parse(template, "<s>", "</s>").Render(new ChatTemplateInput
        {
            Messages = Json(messages),
            Tools = tools is null ? null : Json(tools),
            AddGenerationPrompt = prompt,
            Now = now,
            Variables = thinking is { } flag ? new Dictionary<string, JsonElement> { ["enable_thinking"] = Json(flag ? "true" : "false") } : [],
        });

    private static string Fault(string template, string messages) => Assert.Throws<ChatTemplateException>(() => Render(template, messages)).Message;

    private static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}
