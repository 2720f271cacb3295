namespace RftAspire.Engine.Training;

/// <summary>What the policy loss knows of one sampled completion.</summary>
/// <param name="Advantage">A of every token.</param>
/// <param name="OldLogprobs">log p at the weights that sampled it.</param>
/// <param name="ReferenceLogprobs">log p at the reference weights; null without a KL term.</param>
/// <param name="TokenWeight">Share of one token in the loss: 1 over whatever the loss is averaged over.</param>
public sealed record PolicySequence(float Advantage, float[] OldLogprobs, float[]? ReferenceLogprobs, float TokenWeight);

/// <summary>
/// The clipped policy loss of GRPO (Shao et al., 2024) with the k3 estimate of the divergence (Schulman, 2020). With
/// r = exp(l - old): token loss = -( min(r A, clip(r, 1-c, 1+h) A) - beta (exp(ref-l) - (ref-l) - 1) ), where h is c unless it is given
/// (DAPO's clip-higher).
/// </summary>
public sealed class PolicyLoss(IReadOnlyList<PolicySequence> sequences, float clipRange, float klCoefficient, float? clipRangeHigh = null) : ITokenLoss
{
    private double _divergence, _entropy, _mismatch;

    public double Loss { get; private set; }
    public long Tokens { get; private set; }
    public long ClippedTokens { get; private set; }
    public float RatioMin { get; private set; } = float.PositiveInfinity;
    public float RatioMax { get; private set; } = float.NegativeInfinity;
    /// <summary>Mean k3 divergence from the reference, in nats a token.</summary>
    public double Divergence => Tokens == 0 ? 0 : _divergence / Tokens;
    public double Entropy => Tokens == 0 ? 0 : _entropy / Tokens;
    /// <summary>Mean k3 divergence between the sampler's and the learner's log-probabilities.</summary>
    public double MismatchKl => Tokens == 0 ? 0 : _mismatch / Tokens;

    public float Gradient(int sequence, int position, TokenScore score)
    {
        var logprob = score.Logprob;
        var s = sequences[sequence];
        var logRatio = logprob - s.OldLogprobs[position];
        var ratio = MathF.Exp(logRatio);
        var bounded = Math.Clamp(ratio, 1 - clipRange, 1 + (clipRangeHigh ?? clipRange));
        var clipped = bounded * s.Advantage < ratio * s.Advantage;
        var (divergence, divergenceGradient) = Reference(s, position, logprob);
        Record(s, ratio, logRatio, clipped, clipped ? bounded : ratio, divergence, score.Entropy);
        return s.TokenWeight * ((clipped ? 0 : -s.Advantage * ratio) + klCoefficient * divergenceGradient);
    }

    private static (float Value, float Gradient) Reference(PolicySequence s, int position, float logprob)
    {
        if (s.ReferenceLogprobs is not { } reference) return (0, 0);
        var d = reference[position] - logprob;
        var e = MathF.Exp(d);
        return (e - d - 1, 1 - e);
    }

    private void Record(PolicySequence s, float ratio, float logRatio, bool clipped, float used, float divergence, float entropy)
    {
        Loss += s.TokenWeight * -(used * s.Advantage - klCoefficient * divergence);
        Tokens++;
        if (clipped) ClippedTokens++;
        RatioMin = MathF.Min(RatioMin, ratio);
        RatioMax = MathF.Max(RatioMax, ratio);
        _divergence += divergence;
        _entropy += entropy;
        _mismatch += ratio - logRatio - 1;
    }
}
