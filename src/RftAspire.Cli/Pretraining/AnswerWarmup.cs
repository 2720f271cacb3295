using System.Text.Json;
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
    private const int WarmupSteps = 20;
    private const double FinalRate = 0.1;
    private const double WeightDecay = 0.01;

    /// <summary>Mean loss of each epoch.</summary>
    public IEnumerable<double> Run(RandomKey key)
    {
        using var trainer = new SupervisedTrainer(parameters, team, new AdamWSettings { WeightDecay = WeightDecay });
        var stepsPerEpoch = (rows.Count + recipe.WarmupBatch - 1) / recipe.WarmupBatch;
        for (var epoch = 0; epoch < recipe.WarmupEpochs; epoch++)
        {
            var order = key.Derive(epoch).Permutation(rows.Count);
            var loss = 0.0;
            for (var step = 0; step < stepsPerEpoch; step++)
            {
                var batch = order.Skip(step * recipe.WarmupBatch).Take(recipe.WarmupBatch).Select(row => Group(row, key.Derive(epoch).Derive(row))).ToList();
                var rate = SupervisedTrainer.CosineRate(epoch * stepsPerEpoch + step, Math.Max(recipe.WarmupSchedule, recipe.WarmupEpochs) * stepsPerEpoch, recipe.WarmupRate, WarmupSteps, FinalRate);
                loss += trainer.Step(batch, rate);
            }
            yield return loss / stepsPerEpoch;
        }
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
