using System.ComponentModel.DataAnnotations;

namespace RftAspire.Judge;

/// <summary>Section <c>Judge</c>.</summary>
public sealed class JudgeOptions : IValidatableObject
{
    /// <summary>Models behind endpoints, by the name that graders use.</summary>
    public Dictionary<string, JudgeModelOptions> Models { get; init; } = [];

    /// <summary>OpenAI-compatible endpoint for every other model name, such as https://api.openai.com/v1; null for none.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Key of <see cref="Endpoint"/>.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Questions that one model of an endpoint is asked at once; the others wait.</summary>
    [Range(1, 1024)]
    public int Concurrency { get; init; } = 8;

    /// <summary>Times that one question is put to an endpoint before it counts as unavailable.</summary>
    [Range(1, 20)]
    public int Attempts { get; init; } = 5;

    /// <summary>The pause after the first try; it doubles, with jitter.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause, also where an endpoint's Retry-After asks for more.</summary>
    public TimeSpan MaxRetryDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one try may take.</summary>
    public TimeSpan AttemptDeadline { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long all tries of a question may take, from its turn on.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>Tries within half a minute from which on an endpoint where four of five fail is left alone for <see cref="BreakDuration"/>.</summary>
    [Range(2, 1 << 20)]
    public int BreakAfter { get; init; } = 20;

    /// <summary>How long an endpoint that fails is left alone.</summary>
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Largest answer that is read from an endpoint.</summary>
    [Range(1 << 10, 1 << 30)]
    public int MaxAnswerBytes { get; init; } = 1 << 20;

    /// <summary>Tokens of an answer where the request does not say.</summary>
    [Range(16, 1 << 20)]
    public int MaxCompletionTokens { get; init; } = 4096;

    /// <summary>Questions that a job may ask; 0 is no limit.</summary>
    [Range(0, long.MaxValue)]
    public long MaxCallsPerJob { get; init; } = 200_000;

    /// <summary>Tokens, read and written, after which a job may ask nothing more; 0 is no limit.</summary>
    [Range(0, long.MaxValue)]
    public long MaxTokensPerJob { get; init; } = 200_000_000;

    /// <summary>How long a judgement is remembered; zero remembers none.</summary>
    public TimeSpan CacheLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Threads that a model of ours computes with; 0 takes one per processor.</summary>
    [Range(0, 1024)]
    public int Threads { get; init; }

    /// <summary>Models of ours in memory.</summary>
    [Range(1, 64)]
    public int LoadedModels { get; init; } = 1;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => [
        .. Positive(nameof(RetryDelay), RetryDelay), .. Positive(nameof(MaxRetryDelay), MaxRetryDelay),
        .. Positive(nameof(AttemptDeadline), AttemptDeadline), .. Positive(nameof(Deadline), Deadline),
        .. Positive(nameof(BreakDuration), BreakDuration), .. Endpoints()];

    private IEnumerable<ValidationResult> Endpoints()
    {
        if (CacheLifetime < TimeSpan.Zero) yield return new($"Judge:CacheLifetime {CacheLifetime} is negative; zero remembers nothing");
        if (Fault("Judge:Endpoint", Endpoint, ApiKey) is { } fault) yield return new(fault);
        if (Endpoint is null && ApiKey is { Length: > 0 }) yield return new("Judge:ApiKey is set without Judge:Endpoint; set both");
        foreach (var name in Models.Select(model => model.Value.Name ?? model.Key).GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key))
            yield return new($"Judge:Models has two models of the name '{name}'");
        foreach (var (name, model) in Models)
        {
            if (model.Endpoint is null && Endpoint is null) yield return new($"Judge:Models:{name} has no Endpoint; set it, or Judge:Endpoint");
            if (model.Endpoint is null && model.ApiKey is { Length: > 0 })
                yield return new($"Judge:Models:{name} has an ApiKey without an Endpoint of its own; set both or neither");
            if (Fault($"Judge:Models:{name}:Endpoint", model.Endpoint, model.ApiKey) is { } wrong) yield return new(wrong);
        }
    }

    /// <summary>Polly takes no shorter and no longer times.</summary>
    private static IEnumerable<ValidationResult> Positive(string name, TimeSpan value)
    {
        var least = name == nameof(BreakDuration) ? TimeSpan.FromMilliseconds(500) : TimeSpan.FromMilliseconds(10);
        if (value < least || value > TimeSpan.FromDays(1)) yield return new($"Judge:{name} {value} is not between {least} and one day");
    }

    private static string? Fault(string setting, Uri? endpoint, string? key) => endpoint switch
    {
        null => null,
        { IsAbsoluteUri: false } or { Scheme: not ("http" or "https") } => $"{setting} '{endpoint}' is no address; write https://host/v1",
        { UserInfo.Length: > 0 } => $"{setting} holds a user or password; give the key as ApiKey",
        { Scheme: "http", IsLoopback: false } when key is { Length: > 0 } => $"{setting} '{endpoint}' would carry the key in clear; use https",
        _ => null,
    };
}

/// <summary>One model behind an endpoint.</summary>
public sealed class JudgeModelOptions
{
    /// <summary>The name that graders use, where it cannot be a key of the configuration; else the key is the name.</summary>
    public string? Name { get; init; }

    /// <summary>The endpoint, such as https://api.openai.com/v1; without one Judge:Endpoint with its key.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>What the endpoint calls the model; without it, the name.</summary>
    public string? Model { get; init; }

    public string? ApiKey { get; init; }
}
