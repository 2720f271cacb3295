using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Services.Tests.Jobs.Access.Ids;

namespace RftAspire.Services.Tests.Jobs.Hostile;

/// <summary>Bodies that are sound but for one place.</summary>
internal static class HostileBodies
{
    /// <summary>The place, to be replaced with any JSON.</summary>
    public const string Place = "\"@@\"";

    // What a field holds where another one is attacked; those that are not here are left out then.
    private static readonly Dictionary<string, string> s_sound = new()
    {
        ["model"] = "\"base\"",
        ["training_file"] = "\"FILE\"",
        ["type"] = "\"reinforcement\"",
        ["grader"] = IdRequests.Grader,
        ["model_sample"] = "\"x\"",
        ["filename"] = "\"a\"",
        ["purpose"] = "\"user_data\"",
        ["bytes"] = "4",
        ["mime_type"] = "\"text/plain\"",
        ["part_ids"] = "[\"p\"]",
        ["messages"] = """[{"role":"user","content":"x"}]""",
        ["prompt"] = "\"x\"",
        ["data_source_config"] = """{"type":"custom"}""",
        ["testing_criteria"] = $"[{IdRequests.Grader}]",
        ["data_source"] = """{"type":"jsonl","source":{"type":"file_content","content":[{"item":{"a":1},"sample":{"output_text":"x"}}]}}""",
    };

    // What else lies within a field.
    private static readonly Dictionary<string, string[]> s_within = new()
    {
        ["hyperparameters"] = ["n_epochs", "batch_size", "learning_rate_multiplier", "compute_multiplier", "eval_interval", "eval_samples", "reasoning_effort", "steps", "seed", "algorithm"],
        ["metadata"] = ["a", ""],
        ["response_format"] = ["type", "schema", "json_schema"],
        ["stream_options"] = ["include_usage"],
        ["data_source_config"] = ["type", "item_schema"],
        ["grader"] = ["type", "name", "input", "reference", "operation", "pass_threshold"],
        ["item"] = ["a"],
    };

    private static readonly Dictionary<string, string[]> s_around = new()
    {
        ["messages"] = ["""[{"role":"@@","content":"x"}]""", """[{"role":"user","content":"@@"}]""", """[{"role":"user","content":["@@"]}]""", """[{"role":"user","content":[{"type":"text","text":"@@"}]}]""", """[{"role":"user","content":"x","tool_calls":"@@"}]"""],
        ["testing_criteria"] = ["""[{"type":"multi","name":"m","graders":"@@","calculate_output":"a"}]""", """[{"type":"label_model","name":"m","model":"base","input":"@@","labels":["a"],"passing_labels":["a"]}]"""],
        ["data_source"] =
        [
            """{"type":"jsonl","source":"@@"}""", """{"type":"jsonl","source":{"type":"file_content","content":"@@"}}""", """{"type":"jsonl","source":{"type":"file_content","content":[{"item":"@@"}]}}""", """{"type":"jsonl","source":{"type":"file_id","id":"@@"}}""",
            """{"type":"completions","model":"@@","source":{"type":"file_content","content":[{"item":{}}]}}""", """{"type":"completions","model":"base","input_messages":"@@","source":{"type":"file_content","content":[{"item":{}}]}}""",
            """{"type":"completions","model":"base","input_messages":{"type":"template","template":"@@"},"source":{"type":"file_content","content":[{"item":{}}]}}""",
            """{"type":"completions","model":"base","input_messages":{"type":"template","template":[{"role":"user","content":"@@"}]},"source":{"type":"file_content","content":[{"item":{}}]}}""",
            """{"type":"completions","model":"base","sampling_params":{"temperature":"@@"},"source":{"type":"file_content","content":[{"item":{"messages":[{"role":"user","content":"x"}]}}]}}""",
            """{"type":"completions","model":"base","sampling_params":{"response_format":"@@"},"source":{"type":"file_content","content":[{"item":{"messages":[{"role":"user","content":"x"}]}}]}}""",
        ],
        ["integrations"] = ["""[{"type":"@@"}]""", """[{"type":"wandb","wandb":"@@"}]""", """[{"type":"wandb","wandb":{"project":"@@"}}]"""],
    };

    /// <summary>Whether the place is the whole of a body's own field.</summary>
    public static bool IsWholeField(string template) => JsonNode.Parse(template)!.AsObject().Any(field => field.Value is JsonValue value && value.TryGetValue<string>(out var text) && text == "@@");

    public static IEnumerable<string> Templates(Type document, string file) => Objects(document).Select(body => body.Replace("FILE", file, StringComparison.Ordinal));

    private static IEnumerable<string> Objects(Type document)
    {
        var fields = document.GetProperties().Where(property => property.Name != "EqualityContract").ToDictionary(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name), property => property.PropertyType);
        foreach (var (name, type) in fields)
            foreach (var value in ValuesOf(name, type)) yield return With(fields, name, value);
    }

    private static string[] ValuesOf(string name, Type type)
    {
        string[] own = [Place, $"[{Place}]", $"{{\"a\":{Place}}}", .. s_around.GetValueOrDefault(name, []), .. s_within.GetValueOrDefault(name, []).Select(inner => Within(name, inner))];
        return type.Name.EndsWith("Document", StringComparison.Ordinal) ? [Place, .. Objects(type)] : own;
    }

    private static string Within(string name, string inner)
    {
        var value = s_sound.TryGetValue(name, out var sound) ? JsonNode.Parse(sound)!.AsObject() : [];
        value[inner] = "@@";
        return value.ToJsonString();
    }

    private static string With(Dictionary<string, Type> fields, string place, string value)
    {
        var members = fields.Where(field => field.Key != place).Select(field => (field.Key, Value: field.Value.Name.EndsWith("Document", StringComparison.Ordinal) ? SoundObject(field.Value) : s_sound.GetValueOrDefault(field.Key)));
        return $"{{{string.Join(',', members.Where(member => member.Value is not null).Append((place, value)).Select(member => $"\"{member.Item1}\":{member.Item2}"))}}}";
    }

    private static string? SoundObject(Type document) => document.Name == "SupervisedDocument" ? null
        : With(document.GetProperties().Where(property => property.Name != "EqualityContract").ToDictionary(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name), property => property.PropertyType), "_", "1");
}
