namespace RftAspire.Engine.Training;

/// <summary>
/// What the learner minimizes: a sum over target tokens of a function of each one's log-probability. The optimizer step does not
/// know which algorithm it serves.
/// </summary>
public interface ITokenLoss
{
    /// <summary>
    /// Called once for each target, always in the same order; returns d loss / d logprob.
    /// </summary>
    /// <param name="sequence">Index of the completion, counted over all groups of the step.</param>
    /// <param name="position">Place in the completion.</param>
    /// <param name="score">What the model says of the target at the learner's temperature.</param>
    float Gradient(int sequence, int position, TokenScore score);
}

/// <summary>What a model says of one token.</summary>
/// <param name="Logprob">log p.</param>
/// <param name="Entropy">Entropy of the whole distribution in nats; 0 where nobody asked for it.</param>
/// <param name="IsLikeliest">Whether no token is likelier.</param>
public readonly record struct TokenScore(float Logprob, float Entropy, bool IsLikeliest);

/// <summary>Mean negative log-likelihood of all targets: supervised fine-tuning and pre-training.</summary>
/// <param name="targets">Number of targets of the whole step.</param>
public sealed class LikelihoodLoss(int targets) : ITokenLoss
{
    private double _sum;
    private int _likeliest;

    public double Loss => _sum / targets;

    /// <summary>Share of the targets that are the likeliest token of their place.</summary>
    public double Accuracy => (double)_likeliest / targets;

    public float Gradient(int sequence, int position, TokenScore score)
    {
        _sum -= score.Logprob;
        if (score.IsLikeliest) _likeliest++;
        return -1f / targets;
    }
}
