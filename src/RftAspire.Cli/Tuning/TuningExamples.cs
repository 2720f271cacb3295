using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Training;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Tuning;

/// <summary>
/// Conversations as token ids: each learned message of the assistant is an example.
/// </summary>
internal static class TuningExamples
{
    /// <param name="file">The caller's name of the data, for messages.</param>
    /// <param name="data">JSON Lines.</param>
    /// <param name="encoder">The model's tokenizer and chat template.</param>
    /// <param name="config">The model's.</param>
    public static List<TrainingGroup> Read(string file, Stream data, PromptEncoder encoder, ModelConfig config)
    {
        var examples = Rows(file, data).SelectMany(row => row.Learned!.Select(answer => Example(file, row, answer, encoder, config))).ToList();
        return examples.Count > 0 ? examples : throw new UsageException($"--data {file}: the file has no rows");
    }

    private static IEnumerable<PromptRow> Rows(string file, Stream data)
    {
        try
        {
            return [.. DatasetPrompts.Read(data, new DatasetCheckOptions { Answered = true })];
        }
        catch (InvalidDataException fault)
        {
            throw new UsageException($"--data {file}, {fault.Message}");
        }
    }

    private static TrainingGroup Example(string file, PromptRow row, int answer, PromptEncoder encoder, ModelConfig config)
    {
        try
        {
            return SupervisedExample.Encode(encoder, config, [.. row.Messages.Select(message => (message.Role, message.Content))], answer, row.Tools);
        }
        catch (InvalidDataException fault)
        {
            throw new UsageException($"--data {file}, line {row.Line}: {fault.Message}");
        }
    }
}
