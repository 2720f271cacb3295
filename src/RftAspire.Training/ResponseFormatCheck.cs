using RftAspire.Contracts;
using RftAspire.Engine.Constraints;

namespace RftAspire.Training;

/// <summary>Whether answers can be sampled in the form that a job asks for. Workers compile it for themselves; here it fails the job early.</summary>
internal static class ResponseFormatCheck
{
    /// <summary>The form as a constraint; null where the text is free.</summary>
    /// <exception cref="TrainingException">It is no form, or one that the engine does not have.</exception>
    public static JsonSchemaConstraint? Compile(JobSpec spec)
    {
        if (spec.ResponseFormatJson is not { } json) return null;
        try
        {
            var format = ResponseFormat.Parse(json);
            if (!format.IsJson) return null;
            return format.SchemaJson is { } schema ? JsonSchemaConstraint.Parse(schema) : JsonSchemaConstraint.AnyObject;
        }
        catch (Exception fault) when (fault is FormatException or SchemaException)
        {
            throw Refused(fault);
        }
    }

    /// <exception cref="TrainingException">The model cannot write such answers either.</exception>
    public static void Check(JobSpec spec, JobModel model)
    {
        if (Compile(spec) is not { } schema) return;
        try
        {
            _ = new TokenConstraint(schema, model.Encoder.Tokenizer, model.Encoder.StopTokens, model.Config.VocabSize);
        }
        catch (ArgumentException fault)
        {
            throw Refused(fault);
        }
    }

    private static TrainingException Refused(Exception fault) => new("invalid_response_format", $"response_format: {fault.Message}");
}
