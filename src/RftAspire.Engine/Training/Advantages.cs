namespace RftAspire.Engine.Training;

/// <summary>Advantages of one prompt group. Rollouts without a reward count nowhere and get advantage 0.</summary>
public static class Advantages
{
    /// <summary>A_i = R_i - mean (the numerator of Dr. GRPO; Liu et al., 2025).</summary>
    public static float[] Centered(IReadOnlyList<double?> rewards) => Normalize(rewards, divideByDeviation: false);

    /// <summary>A_i = (R_i - mean) / (s + 1e-6), s the deviation with n - 1 (GRPO; Shao et al., 2024); all 0 when all rewards are equal.</summary>
    public static float[] Standardized(IReadOnlyList<double?> rewards) => Normalize(rewards, divideByDeviation: true);

    private static float[] Normalize(IReadOnlyList<double?> rewards, bool divideByDeviation)
    {
        var graded = rewards.Where(reward => reward is not null).Select(reward => reward!.Value).ToList();
        // Comparing rewards rather than the deviation with 0: rounding must not bring a dead group to life.
        if (graded.Count < 2 || graded.TrueForAll(reward => reward == graded[0])) return new float[rewards.Count];
        var mean = graded.Sum() / graded.Count;
        var scale = 1.0;
        if (divideByDeviation) scale = 1 / (Math.Sqrt(graded.Sum(reward => (reward - mean) * (reward - mean)) / (graded.Count - 1)) + 1e-6);
        return [.. rewards.Select(reward => reward is { } value ? (float)((value - mean) * scale) : 0)];
    }
}
