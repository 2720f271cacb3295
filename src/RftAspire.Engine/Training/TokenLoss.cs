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
    /// <param name="logprob">log p of the target at the learner's temperature.</param>
    /// <param name="entropy">Entropy of the whole distribution in nats.</param>
    float Gradient(int sequence, int position, float logprob, float entropy);
}

/// <summary>Mean negative log-likelihood of all targets: supervised fine-tuning and pre-training.</summary>
/// <param name="targets">Number of targets of the whole step.</param>
public sealed class LikelihoodLoss(int targets) : ITokenLoss
{
    private double _sum;

    public double Loss => _sum / targets;

    public float Gradient(int sequence, int position, float logprob, float entropy)
    {
        _sum -= logprob;
        return -1f / targets;
    }
}
