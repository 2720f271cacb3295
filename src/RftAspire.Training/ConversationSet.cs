using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Engine.Training;

namespace RftAspire.Training;

/// <summary>A job's conversations as token ids, row by row: each learned message of the assistant is an example.</summary>
internal sealed class ConversationSet
{
    private readonly TrainingGroup[][] _rows;

    private ConversationSet(TrainingGroup[][] rows) => _rows = rows;

    public int Count => _rows.Length;

    /// <summary>The examples of all rows.</summary>
    public IReadOnlyList<TrainingGroup> All => [.. _rows.SelectMany(row => row)];

    /// <exception cref="TrainingException">A conversation cannot be put to the model.</exception>
    public static ConversationSet Load(string file, JobModel model)
    {
        if (model.Encoder.StopTokens.Count == 0)
            throw new TrainingException("invalid_checkpoint", "config.json of the model has no eos_token_id, so no answer would have an end; add the token's id there");
        return new ConversationSet([.. File.ReadLines(file).Select(line => Examples(JsonSerializer.Deserialize<PromptRow>(line, ArtifactStore.Json)!, model))]);
    }

    public IEnumerable<TrainingGroup> Examples(int row) => _rows[row];

    private static TrainingGroup[] Examples(PromptRow row, JobModel model)
    {
        var messages = row.Messages.Select(message => (message.Role, message.Content)).ToList();
        try
        {
            return [.. row.Learned!.Select(answer => SupervisedExample.Encode(model.Encoder, model.Config, messages, answer, row.Tools))];
        }
        catch (InvalidDataException fault)
        {
            throw new TrainingException("prompt_too_long", $"line {row.Line}: {fault.Message}");
        }
    }
}
