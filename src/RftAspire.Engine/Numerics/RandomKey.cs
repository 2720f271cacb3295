namespace RftAspire.Engine.Numerics;

/// <summary>
/// Counter-based random numbers: a number is a pure function of the key and a position, so it does not matter who draws it, when,
/// or how often. Mixing is SplitMix64's finalizer (Steele, Lea, Flood, OOPSLA 2014).
/// </summary>
/// <param name="Value">The key's 64 bits.</param>
public readonly record struct RandomKey(ulong Value)
{
    /// <summary>
    /// The root key of a seed. Seeds and parts are offset by different constants, or part 3 of seed 5 would be part 5 of seed 3.
    /// </summary>
    public static RandomKey FromSeed(long seed) => new(Mix((ulong)seed + 0x787E32CDBE971AA3));

    /// <summary>The key of a named part, for example of group 3 of step 7.</summary>
    public RandomKey Derive(long part) => new(Mix(Value ^ Mix((ulong)part + 0x9E3779B97F4A7C15)));

    /// <summary>Uniform in [0, 1) with 53 bits.</summary>
    public double Uniform(long position) => (Bits(position) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, bound).</summary>
    public int Below(long position, int bound) => (int)Math.BigMul(Bits(position), (ulong)bound, out _);

    /// <summary>Standard normal by Box and Muller; uses two numbers of the position.</summary>
    public double Normal(long position)
    {
        var pair = Derive(position);
        var radius = Math.Sqrt(-2 * Math.Log(1 - pair.Uniform(0)));
        return radius * Math.Cos(2 * Math.PI * pair.Uniform(1));
    }

    /// <summary>A permutation of 0 .. n-1 (Fisher and Yates).</summary>
    public int[] Permutation(int n)
    {
        var order = new int[n];
        for (var i = 0; i < n; i++) order[i] = i;
        for (var i = n - 1; i > 0; i--)
        {
            var j = Below(i, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }

    private ulong Bits(long position) => Mix(Value + Mix((ulong)position + 0x632BE59BD9B4E019));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
