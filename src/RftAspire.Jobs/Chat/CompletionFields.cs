using System.Globalization;
using System.Security.Cryptography;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Jobs.Chat;

/// <summary>Checks a request and puts the defaults where a field is left out.</summary>
internal static class CompletionFields
{
    public const int MostChoices = 128;
    private const int MostTokens = 1 << 24;
    private const int MostStops = 4, LongestStop = 256;
    private const int MostTop = 20;
    private static readonly string[] s_roles = ["system", "developer", "user", "assistant", "tool"];

    /// <summary>What the answer must be.</summary>
    /// <exception cref="Grpc.Core.RpcException">INVALID_ARGUMENT with every fault.</exception>
    public static ResponseFormat Check(CompleteRequest request)
    {
        var faults = new List<Violation>();
        if (request.Model.Length == 0) faults.Add(new("model", "missing; give a model's name, see ListModels"));
        CheckPrompt(request, faults);
        Check(faults, "n", request.HasN ? request.N : 1, 1, MostChoices);
        Check(faults, "max_completion_tokens", request.HasMaxCompletionTokens ? request.MaxCompletionTokens : 1, 1, MostTokens);
        Check(faults, "temperature", request.HasTemperature ? request.Temperature : 1, 0, 2);
        Check(faults, "top_p", request.HasTopP ? request.TopP : 1, 0, 1);
        CheckStops(request, faults);
        Check(faults, "top_logprobs", request.HasTopLogprobs ? request.TopLogprobs : 0, 0, MostTop);
        if (request.HasTopLogprobs && !request.Logprobs) faults.Add(new("top_logprobs", "is given without logprobs; set logprobs too"));
        var format = Format(request.ResponseFormatJson, faults);
        return faults.Count == 0 ? format : throw Faults.Invalid(faults);
    }

    /// <summary>The command of a request that has passed.</summary>
    public static CompletePrompt ToCommand(CompleteRequest request, ResponseFormat format, string requestId, WeightsReference weights, Uri replyTo, DateTimeOffset deadline) => new()
    {
        RequestId = requestId,
        Model = request.Model,
        Weights = weights,
        Messages = request.Messages.Count > 0 ? [.. request.Messages.Select(message => new PromptMessage(message.Role, message.Content))] : null,
        Prompt = request.Messages.Count > 0 ? null : request.Prompt,
        Choices = request.HasN ? request.N : 1,
        MaxCompletionTokens = request.HasMaxCompletionTokens ? request.MaxCompletionTokens : null,
        Temperature = request.HasTemperature ? request.Temperature : 1,
        TopP = request.HasTopP ? request.TopP : 1,
        Stop = [.. request.Stop],
        Seed = request.HasSeed ? request.Seed : BitConverter.ToInt64(RandomNumberGenerator.GetBytes(8)),
        TopLogprobs = request.Logprobs ? request.TopLogprobs : null,
        Json = format.IsJson ? new JsonAnswer(format.SchemaJson) : null,
        Deadline = deadline,
        ReplyTo = replyTo,
    };

    private static void CheckPrompt(CompleteRequest request, List<Violation> faults)
    {
        if (request.Messages.Count == 0 && request.Prompt.Length == 0) faults.Add(new("messages", "missing; give at least one message, or a prompt"));
        if (request.Messages.Count > 0 && request.Prompt.Length > 0) faults.Add(new("prompt", "is given beside messages; give one of the two"));
        foreach (var (i, message) in request.Messages.Index())
        {
            if (!s_roles.Contains(message.Role)) faults.Add(new($"messages[{i}].role", $"'{message.Role}' is unknown; one of {string.Join(", ", s_roles)}"));
        }
    }

    private static void CheckStops(CompleteRequest request, List<Violation> faults)
    {
        if (request.Stop.Count > MostStops) faults.Add(new("stop", $"{request.Stop.Count} texts; at most {MostStops}"));
        foreach (var (i, stop) in request.Stop.Index())
        {
            if (stop.Length is 0 or > LongestStop) faults.Add(new($"stop[{i}]", $"has {stop.Length} characters; 1 to {LongestStop}"));
        }
    }

    private static ResponseFormat Format(string json, List<Violation> faults)
    {
        try
        {
            return json.Length == 0 ? new ResponseFormat(false, null) : ResponseFormat.Parse(json);
        }
        catch (FormatException fault)
        {
            faults.Add(new("response_format_json", fault.Message));
            return new ResponseFormat(false, null);
        }
    }

    private static void Check(List<Violation> faults, string field, double value, double least, double most)
    {
        // Not a number is in no range.
        if (value >= least && value <= most) return;
        faults.Add(new(field, string.Create(CultureInfo.InvariantCulture, $"{value} is out of range; {least} to {most}")));
    }
}
