namespace RftAspire.Engine.Sampling;

/// <summary>Top-k and nucleus filtering (Holtzman et al., 2020): what falls out gets numerator 0.</summary>
internal static unsafe class TokenFilter
{
    public static void Apply(TokenDistribution distribution, int topK, double topP)
    {
        var order = new int[distribution.Size];
        var weights = new float[distribution.Size];
        for (var i = 0; i < order.Length; i++) (order[i], weights[i]) = (i, -distribution.Numerators[i]);
        // Equal weights keep the order of their ids: the pair (weight, id) is what is sorted.
        Array.Sort(order, (a, b) => weights[a] != weights[b] ? weights[a].CompareTo(weights[b]) : a.CompareTo(b));
        var kept = topK > 0 ? Math.Min(topK, order.Length) : order.Length;
        double sum = 0;
        for (var rank = 0; rank < order.Length; rank++)
        {
            if (rank >= kept) distribution.Numerators[order[rank]] = 0;
            else sum += distribution.Numerators[order[rank]];
            if (topP < 1 && sum >= topP * distribution.Sum) kept = Math.Min(kept, rank + 1);
        }
    }
}
