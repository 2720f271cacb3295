using System.Text.Json;
using RftAspire.Cli.Tuning;
using RftAspire.Contracts;
using RftAspire.Engine;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Cli.Pretraining;

/// <summary>
/// A short supervised pass that teaches the form of an answer and leaves its substance to be reinforced: each time a row comes by,
/// the model sees a random part of its labels.
/// </summary>
internal sealed class AnswerWarmup(BaseModelRecipe recipe, PromptEncoder encoder, IReadOnlyList<PromptRow> rows, Parameters parameters, ThreadTeam team)
{
    private const int RisingSteps = 20;

    /// <summary>Mean loss of each epoch.</summary>
    public IEnumerable<double> Run(RandomKey key)
    {
        var perEpoch = SupervisedEpochs.StepsPerEpoch(rows.Count, recipe.WarmupBatch);
        var epochs = new SupervisedEpochs(parameters, team, new SupervisedSettings
        {
            Steps = recipe.WarmupEpochs * perEpoch,
            BatchSize = recipe.WarmupBatch,
            LearningRate = recipe.WarmupRate,
            ScheduledSteps = Math.Max(recipe.WarmupSchedule, recipe.WarmupEpochs) * perEpoch,
            WarmupSteps = RisingSteps,
        });
        return epochs.Run(rows.Count, Group, key).Chunk(Math.Max(1, perEpoch)).Select(epoch => epoch.Average(step => step.Loss));
    }

    private TrainingGroup Group(int index, RandomKey key)
    {
        var row = rows[index];
        var labels = row.Item.GetProperty("labels").EnumerateArray().Select(label => label.GetString()!).ToList();
        var shown = key.Uniform(0) < recipe.WholeAnswerShare ? labels : Part(labels, key);
        var answer = "{\"labels\":[" + string.Join(',', shown.Select(label => JsonSerializer.Serialize(label))) + "]}";
        var prompt = encoder.Encode([.. row.Messages.Select(message => (message.Role, message.Content))]);
        return new TrainingGroup(prompt, [[.. encoder.Tokenizer.Encode(answer), encoder.StopTokens[0]]]);
    }

    /// <summary>A non-empty part of the labels, in their order.</summary>
    private static List<string> Part(List<string> labels, RandomKey key)
    {
        var part = labels.Where((_, i) => key.Uniform(i + 2) < 0.5).ToList();
        return part.Count > 0 ? part : [labels[key.Below(1, labels.Count)]];
    }
}
