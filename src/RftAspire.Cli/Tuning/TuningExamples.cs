using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;
using RftAspire.Engine.Training;
using RftAspire.Ingestion;

namespace RftAspire.Cli.Tuning;

/// <summary>
/// Conversations as token ids: each learned message of the assistant is a completion of what stands before it, put as it is put to the
/// model when it answers. The loss is on these tokens alone.
/// </summary>
internal static class TuningExamples
{
    /// <param name="file">The caller's name of the data, for messages.</param>
    /// <param name="data">JSON Lines.</param>
    /// <param name="encoder">The model's tokenizer and chat template.</param>
    /// <param name="config">The model's.</param>
    public static List<TrainingGroup> Read(string file, Stream data, PromptEncoder encoder, ModelConfig config)
    {
        var examples = Rows(file, data).SelectMany(row => row.Learned.Select(answer => Example(file, row, answer, encoder, config))).ToList();
        return examples.Count > 0 ? examples : throw new UsageException($"--data {file}: the file has no rows");
    }

    private static IEnumerable<AnsweredRow> Rows(string file, Stream data)
    {
        try
        {
            return [.. AnsweredRows.Read(data)];
        }
        catch (InvalidDataException fault)
        {
            throw new UsageException($"--data {file}, {fault.Message}");
        }
    }

    private static TrainingGroup Example(string file, AnsweredRow row, int answer, PromptEncoder encoder, ModelConfig config)
    {
        var before = row.Messages[..answer].Select(message => (message.Role, message.Content)).ToList();
        var group = Encode(file, row.Line, () => new TrainingGroup(encoder.Encode(before), [encoder.EncodeAnswer(before, row.Messages[answer].Content)]));
        var (prompt, completion) = (group.Prompt.Length, group.Completions[0].Length);
        if (prompt == 0) throw new UsageException($"--data {file}, line {row.Line}: nothing stands before messages[{answer}]; begin with a message of role user");
        return prompt + completion <= config.MaxPositionEmbeddings
            ? group
            : throw new UsageException($"--data {file}, line {row.Line}: messages[{answer}] has {completion} tokens after {prompt}, more than the model's context of {config.MaxPositionEmbeddings}; shorten the row or leave it out");
    }

    private static TrainingGroup Encode(string file, int line, Func<TrainingGroup> encode)
    {
        try
        {
            return encode();
        }
        catch (ChatTemplateException fault)
        {
            throw new UsageException($"--data {file}, line {line}: {fault.Message}");
        }
    }
}
