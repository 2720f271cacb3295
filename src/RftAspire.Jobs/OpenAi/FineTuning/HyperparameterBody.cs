using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;
using Asked = RftAspire.Contracts.Jobs.V1.Hyperparameters;

namespace RftAspire.Jobs.OpenAi.FineTuning;

/// <summary>
/// Hyperparameters as REST has them: a number, or <c>"auto"</c> for one that the platform chooses. Beside OpenAI's there are all of
/// ours, by their names in jobs.proto.
/// </summary>
internal static class HyperparameterBody
{
    public const string Auto = "auto";
    public const string BatchSize = "batch_size";

    private const string PromptsPerStep = "prompts_per_step";

    /// <summary>OpenAI's names, in its order.</summary>
    public static readonly string[] OfReinforcement = ["n_epochs", BatchSize, "learning_rate_multiplier", "compute_multiplier", "eval_interval", "eval_samples", "reasoning_effort"];
    public static readonly string[] OfSupervised = ["n_epochs", BatchSize, "learning_rate_multiplier"];

    // Where ours are wider than OpenAI's, under its own names.
    private static readonly Dictionary<string, (int Least, int Most)> s_bounds = new()
    {
        [BatchSize] = (1, 256),
        ["eval_interval"] = (1, int.MaxValue),
        ["eval_samples"] = (1, int.MaxValue),
    };

    private static readonly IList<FieldDescriptor> s_fields = Asked.Descriptor.Fields.InDeclarationOrder();

    public static Asked Read(JsonFields? body)
    {
        var asked = new Asked();
        if (body is null) return asked;
        // Without effect, a name written wrong would only show when the job has run.
        foreach (var given in body.Value.EnumerateObject())
            if (!s_fields.Any(field => NameOf(field) == given.Name))
                throw OpenAiException.Invalid(body.PathOf(given.Name), $"is unknown; known are {string.Join(", ", s_fields.Select(NameOf))}", "unknown_parameter");
        foreach (var field in s_fields)
        {
            var name = NameOf(field);
            if (body.Find(name) is not { } value || (value.ValueKind == JsonValueKind.String && value.ValueEquals(Auto))) continue;
            field.Accessor.SetValue(asked, Value(body, field, name, value));
        }
        return asked;
    }

    /// <summary>OpenAI's with what was asked for, the others where they were.</summary>
    public static JsonObject Echo(Asked asked, IEnumerable<string> always)
    {
        var echo = new JsonObject();
        foreach (var name in always) echo[name] = name == "reasoning_effort" ? "default" : Auto;
        foreach (var field in s_fields.Where(field => field.Accessor.HasValue(asked))) echo[NameOf(field)] = JsonValue.Create(field.Accessor.GetValue(asked));
        return echo;
    }

    private static object Value(JsonFields body, FieldDescriptor field, string name, JsonElement value) => field.FieldType switch
    {
        FieldType.Int32 when value.ValueKind == JsonValueKind.Number => Whole(body, name),
        FieldType.Double when value.ValueKind == JsonValueKind.Number => body.Number(name)!.Value,
        FieldType.Bool => body.Flag(name)!.Value,
        FieldType.String => body.Text(name),
        _ => throw body.Wrong(name, value, "a number or \"auto\""),
    };

    private static int Whole(JsonFields body, string name)
    {
        var (least, most) = s_bounds.GetValueOrDefault(name, (int.MinValue, int.MaxValue));
        var number = body.Whole(name)!.Value;
        return number >= least && number <= most
            ? (int)number
            : throw body.Invalid(name, $"{number} is out of range; a whole number from {least}{(most < int.MaxValue ? $" to {most}" : " on")}, or \"auto\"");
    }

    private static string NameOf(FieldDescriptor field) => field.Name == PromptsPerStep ? BatchSize : field.Name;
}
