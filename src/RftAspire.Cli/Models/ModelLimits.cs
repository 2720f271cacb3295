using RftAspire.Engine.Checkpoints;

namespace RftAspire.Cli.Models;

/// <summary>What a model cannot take, told in the caller's terms before the engine is asked.</summary>
public static class ModelLimits
{
    public static void CheckVocabulary(string option, int[] ids, ModelConfig config)
    {
        if (Array.FindIndex(ids, id => id >= config.VocabSize) is >= 0 and var at)
            throw new UsageException($"{option}: id {ids[at]} is outside the model's vocabulary of {config.VocabSize}");
    }

    /// <param name="what">Names the prompt: an option, or a line of a dataset.</param>
    /// <param name="length">The prompt's tokens.</param>
    /// <param name="newTokens">Tokens to be sampled at most.</param>
    /// <param name="config">The model's.</param>
    public static void CheckLength(string what, int length, int newTokens, ModelConfig config)
    {
        if (length + newTokens > config.MaxPositionEmbeddings)
            throw new UsageException(
                $"{what}: {length} tokens and {newTokens} new ones exceed the model's context of {config.MaxPositionEmbeddings}; shorten it or lower --max-tokens");
    }
}
