using System.Text.Json;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Training;

/// <summary>A message of the assistant as something to learn.</summary>
public static class SupervisedExample
{
    /// <summary>
    /// The message as a completion of what stands before it, put as it is put to the model when it answers: the loss is on its tokens and
    /// its end alone.
    /// </summary>
    /// <param name="encoder">The model's tokenizer and chat template.</param>
    /// <param name="config">The model's.</param>
    /// <param name="messages">The conversation.</param>
    /// <param name="answer">Place of the message in it.</param>
    /// <param name="tools">Functions that the model is told of.</param>
    /// <exception cref="InvalidDataException">It cannot be put to this model; the message names the place and the fix.</exception>
    public static TrainingGroup Encode(PromptEncoder encoder, ModelConfig config, IReadOnlyList<(string Role, string Content)> messages, int answer, JsonElement? tools = null)
    {
        var before = messages.Take(answer).ToList();
        var group = Encode(encoder, before, messages[answer].Content, tools);
        var (prompt, completion) = (group.Prompt.Length, group.Completions[0].Length);
        if (prompt == 0) throw new InvalidDataException($"nothing stands before messages[{answer}]; begin with a message of role user");
        return prompt + completion <= config.MaxPositionEmbeddings
            ? group
            : throw new InvalidDataException($"messages[{answer}] has {completion} tokens after {prompt}, more than the model's context of {config.MaxPositionEmbeddings}; shorten the row or leave it out");
    }

    private static TrainingGroup Encode(PromptEncoder encoder, List<(string Role, string Content)> before, string answer, JsonElement? tools)
    {
        try
        {
            return new TrainingGroup(encoder.Encode(before, tools), [encoder.EncodeAnswer(before, answer)]);
        }
        catch (ChatTemplateException fault)
        {
            throw new InvalidDataException(fault.Message, fault);
        }
    }
}
