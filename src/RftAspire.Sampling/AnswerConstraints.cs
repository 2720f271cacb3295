using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Constraints;

namespace RftAspire.Sampling;

/// <summary>
/// What the texts of the last few jobs must be, compiled once a job: its weights versions come and go, and have one tokenizer. Safe for
/// use by several threads.
/// </summary>
internal sealed class AnswerConstraints
{
    private const int Jobs = 8;
    private readonly Lock _lock = new();
    private readonly List<(string JobId, string Format, Lazy<TokenConstraint?> Constraint)> _latest = [];

    /// <summary>Null where the text is free.</summary>
    /// <exception cref="ArgumentException">The format cannot be sampled under.</exception>
    public TokenConstraint? For(SamplePromptGroup command, LanguageModel model) =>
        command.Sampling.ResponseFormatJson is { } format ? Find(command.Id.JobId, format, model).Value : null;

    private Lazy<TokenConstraint?> Find(string jobId, string format, LanguageModel model)
    {
        lock (_lock)
        {
            var at = _latest.FindIndex(entry => entry.JobId == jobId && entry.Format == format);
            var entry = at >= 0 ? _latest[at] : (jobId, format, new Lazy<TokenConstraint?>(() => Compile(format, model)));
            if (at >= 0) _latest.RemoveAt(at);
            else if (_latest.Count == Jobs) _latest.RemoveAt(0);
            _latest.Add(entry);
            return entry.Item3;
        }
    }

    private static TokenConstraint? Compile(string json, LanguageModel model)
    {
        try
        {
            var format = ResponseFormat.Parse(json);
            if (!format.IsJson) return null;
            if (model.Encoder is not { } encoder) throw new ArgumentException("a response format needs a model with a tokenizer.json");
            var schema = format.SchemaJson is { } text ? JsonSchemaConstraint.Parse(text) : JsonSchemaConstraint.AnyObject;
            return new TokenConstraint(schema, encoder.Tokenizer, encoder.StopTokens, model.Config.VocabSize);
        }
        catch (Exception fault) when (fault is FormatException or SchemaException)
        {
            throw new ArgumentException($"response_format: {fault.Message}", fault);
        }
    }
}
