using RftAspire.Engine;
using RftAspire.Engine.Constraints;

namespace RftAspire.Cli.Models;

/// <summary>What an answer in JSON must be, and the option that says so.</summary>
public sealed record AnswerSchema(string Option, JsonSchemaConstraint Schema)
{
    /// <summary>Null when neither a file nor an object is asked for.</summary>
    public static AnswerSchema? Read(CommandContext context, string? file, bool anyObject)
    {
        if (file is null) return anyObject ? new("--json-object", JsonSchemaConstraint.AnyObject) : null;
        if (anyObject) throw new UsageException("give either --json-schema FILE or --json-object");
        var option = $"--json-schema {file}";
        var path = context.Surroundings.ExistingFile("--json-schema", file);
        try
        {
            return new(option, JsonSchemaConstraint.Parse(File.ReadAllText(path)));
        }
        catch (SchemaException e)
        {
            throw new UsageException($"{option}: {e.Message}");
        }
    }

    public TokenConstraint For(LanguageModel model, string folder)
    {
        if (model.Encoder is not { } encoder) throw new UsageException($"{Option}: {folder} has no tokenizer.json to write the answer with");
        if (encoder.StopTokens.Count == 0) throw new UsageException($"{Option}: {folder} has no eos_token_id in its config.json, so that the answer could never end");
        try
        {
            return new(Schema, encoder.Tokenizer, encoder.StopTokens, model.Config.VocabSize);
        }
        catch (ArgumentException e)
        {
            throw new UsageException($"{Option}: {folder}: {e.Message}");
        }
    }
}
