using System.Diagnostics;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;
using RftAspire.Engine.Training;

namespace RftAspire.Cli.Pretraining;

/// <summary>Progress of language pre-training, reported every hundred steps.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">Mean training loss since the last report, nats a token.</param>
/// <param name="HeldOutLoss">Loss on acts that are never trained on.</param>
/// <param name="TokensPerSecond">Speed since the last report.</param>
internal sealed record PretrainingProgress(int Step, double Loss, double HeldOutLoss, double TokensPerSecond);

/// <summary>Next-token training on windows of legal text.</summary>
internal sealed class LanguagePretraining(BaseModelRecipe recipe, BpeTokenizer tokenizer, IReadOnlyList<Act> acts, Parameters parameters, ThreadTeam team)
{
    private const int ReportInterval = 100;
    private const int WarmupSteps = 100;
    private const double FinalRate = 0.05;

    public IEnumerable<PretrainingProgress> Run(RandomKey key)
    {
        using var trainer = new SupervisedTrainer(parameters, team, new AdamWSettings { WeightDecay = recipe.PretrainingDecay });
        var windows = new TextWindows([.. acts.Where((_, i) => i % recipe.HeldOutEvery != 0)], tokenizer, recipe.WindowTokens);
        var heldOut = new TextWindows([.. acts.Where((_, i) => i % recipe.HeldOutEvery == 0)], tokenizer, recipe.WindowTokens).Batch(key.Derive(1), 32);
        var (clock, loss) = (Stopwatch.StartNew(), 0.0);
        for (var step = 0; step < recipe.PretrainingSteps; step++)
        {
            var rate = SupervisedTrainer.CosineRate(step, recipe.PretrainingSteps, recipe.PretrainingRate, WarmupSteps, FinalRate);
            loss += trainer.Step(windows.Batch(key.Derive(2).Derive(step), recipe.WindowsPerStep), rate).Loss;
            if ((step + 1) % ReportInterval != 0) continue;
            var tokens = (double)ReportInterval * recipe.WindowsPerStep * recipe.WindowTokens;
            yield return new PretrainingProgress(step + 1, loss / ReportInterval, trainer.Evaluate(heldOut).Loss, tokens / clock.Elapsed.TotalSeconds);
            (clock, loss) = (Stopwatch.StartNew(), 0);
        }
    }
}
