using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>One message to a judge.</summary>
/// <param name="Role">system, developer, user or assistant.</param>
/// <param name="Content">Its text with places.</param>
public sealed record JudgeMessage(string Role, Template Content)
{
    private static readonly string[] s_roles = ["system", "developer", "user", "assistant"];

    internal static JudgeMessage Read(JsonElement message, string path)
    {
        var fields = new GraderFields(message, path);
        var role = fields.Text("role");
        if (!s_roles.Contains(role)) throw fields.Fault("role", $"'{role}' is no role; use one of {string.Join(", ", s_roles)}");
        if (fields.Text("type", "message") is not "message" and var type) throw fields.Fault("type", $"'{type}' is no message; leave it out");
        var content = new JudgeMessage(role, Template.Parse(ReadContent(fields), fields.PathOf("content")));
        fields.RejectUnread();
        return content;
    }

    // A text, a block, or an array of blocks.
    private static string ReadContent(GraderFields fields) => fields.Find("content") switch
    {
        { ValueKind: JsonValueKind.Object } block => ReadBlock(block, fields.PathOf("content")),
        { ValueKind: JsonValueKind.Array } blocks => string.Concat(blocks.EnumerateArray().Select((block, i) => block.ValueKind == JsonValueKind.String
            ? block.GetString()
            : ReadBlock(block, $"{fields.PathOf("content")}[{i}]"))),
        _ => fields.Text("content"),
    };

    private static string ReadBlock(JsonElement block, string path)
    {
        var fields = new GraderFields(block, path);
        if (fields.Text("type") is not ("input_text" or "output_text" or "text") and var type)
            throw fields.Fault("type", $"'{type}' is not text; judges here read input_text and output_text");
        var text = fields.Text("text");
        fields.RejectUnread();
        return text;
    }
}

/// <summary>How a judge draws its answer; null leaves it to the model's own default.</summary>
public sealed record JudgeSampling
{
    // The first is the wire's name; clients write the others too.
    private static readonly string[] s_limits = ["max_completions_tokens", "max_completion_tokens", "max_tokens"];

    public double? Temperature { get; private init; }
    public double? TopP { get; private init; }
    public int? Seed { get; private init; }
    public int? MaxCompletionTokens { get; private init; }
    public string? ReasoningEffort { get; private init; }

    internal static JudgeSampling Read(GraderFields parent)
    {
        if (parent.Find("sampling_params") is not { } json) return new JudgeSampling();
        var fields = new GraderFields(json, parent.PathOf("sampling_params"));
        var limits = s_limits.Where(name => fields.Find(name) is not null).Select(name => fields.Count(name, 1, 1, 1 << 20)).ToList();
        var sampling = new JudgeSampling
        {
            Temperature = fields.Find("temperature") is null ? null : fields.Number("temperature", 0, 0, 2),
            TopP = fields.Find("top_p") is null ? null : fields.Number("top_p", 1, 0, 1),
            Seed = fields.Find("seed") is null ? null : fields.Count("seed", 0, int.MinValue, int.MaxValue),
            MaxCompletionTokens = limits.Count == 0 ? null : limits[0],
            ReasoningEffort = fields.Find("reasoning_effort") is null ? null : fields.Text("reasoning_effort"),
        };
        fields.RejectUnread();
        return sampling;
    }
}
