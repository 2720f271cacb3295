namespace RftAspire.Engine.Constraints;

/// <summary>
/// Decimal numbers without sign between two bounds, digit by digit: a place in the automaton says whether the digits so far are those of
/// the lower bound, of the upper bound, of both or of neither, which is all that later digits need to know.
/// </summary>
internal sealed class MagnitudeGrammar
{
    private readonly Grammar grammar;
    private readonly DecimalBound low;
    private readonly DecimalBound? high;
    private readonly bool integer;
    private readonly int fractionDigits;
    private readonly Dictionary<(int Length, int Position, bool AtLow, bool AtHigh), GrammarNode> whole = [];
    private readonly Dictionary<(int Position, bool AtLow, bool AtHigh), GrammarNode> fractions = [];
    private readonly Dictionary<(bool AtLow, bool AtHigh), GrammarNode> integers = [];

    public MagnitudeGrammar(Grammar grammar, DecimalBound? low, DecimalBound? high, bool integer)
    {
        this.grammar = grammar;
        this.low = low ?? new DecimalBound(false, "0", "", Inclusive: true);
        this.high = high;
        this.integer = integer;
        fractionDigits = Math.Max(this.low.Fraction.Length, high?.Fraction.Length ?? 0);
        Start = grammar.Node();
        var shortest = this.low.Integer.Length;
        var longest = high?.Integer.Length ?? shortest;
        for (var length = shortest; length <= longest; length++)
            Start.Epsilon.Add(Whole(length, 0, length == shortest, high is not null && length == longest));
        if (high is null) AddLonger(shortest);
    }

    public GrammarNode Start { get; }

    /// <summary>Numbers with more digits than the lower bound are above it, whatever their digits.</summary>
    private void AddLonger(int length)
    {
        var node = grammar.Node();
        Start.On('1', '9', node);
        for (var i = 1; i < length; i++)
        {
            var next = grammar.Node();
            node.On('0', '9', next);
            node = next;
        }
        var more = grammar.Node();
        node.On('0', '9', more);
        more.On('0', '9', more);
        more.Epsilon.Add(Integer(atLow: false, atHigh: false));
    }

    /// <summary>The digits before the point, <paramref name="length"/> in all.</summary>
    private GrammarNode Whole(int length, int position, bool atLow, bool atHigh)
    {
        if (position == length) return Integer(atLow, atHigh);
        if (whole.TryGetValue((length, position, atLow, atHigh), out var node)) return node;
        whole[(length, position, atLow, atHigh)] = node = grammar.Node();
        var least = atLow ? low.Integer[position] : '0';
        if (position == 0 && length > 1 && least == '0') least = '1';
        var most = atHigh ? high!.Integer[position] : '9';
        for (var digit = least; digit <= most; digit++)
            node.On((byte)digit, Whole(length, position + 1, atLow && digit == low.Integer[position], atHigh && digit == most));
        return node;
    }

    /// <summary>The number may end here or go on behind a point.</summary>
    private GrammarNode Integer(bool atLow, bool atHigh)
    {
        if (integers.TryGetValue((atLow, atHigh), out var node)) return node;
        integers[(atLow, atHigh)] = node = grammar.Node();
        node.Accepts = MayEnd(0, atLow, atHigh);
        if (integer) return node;
        var point = grammar.Node();
        node.On((byte)'.', point);
        AddFractionDigits(point, 0, atLow, atHigh);
        return node;
    }

    private GrammarNode Fraction(int position, bool atLow, bool atHigh)
    {
        // Past the last digit of both bounds, or away from both, every further place is alike.
        position = atLow || atHigh ? Math.Min(position, fractionDigits) : fractionDigits;
        if (fractions.TryGetValue((position, atLow, atHigh), out var node)) return node;
        fractions[(position, atLow, atHigh)] = node = grammar.Node();
        node.Accepts = MayEnd(position, atLow, atHigh);
        AddFractionDigits(node, position, atLow, atHigh);
        return node;
    }

    private void AddFractionDigits(GrammarNode node, int position, bool atLow, bool atHigh)
    {
        var least = atLow ? Digit(low.Fraction, position) : '0';
        var most = atHigh ? Digit(high!.Fraction, position) : '9';
        for (var digit = least; digit <= most; digit++)
            node.On((byte)digit, Fraction(position + 1, atLow && digit == least, atHigh && digit == most));
    }

    /// <summary>Zeros are all that follows, and the number is compared with the bound it has run along.</summary>
    private bool MayEnd(int position, bool atLow, bool atHigh) =>
        (!atLow || (position >= low.Fraction.Length && low.Inclusive)) && (!atHigh || position < high!.Fraction.Length || high.Inclusive);

    private static char Digit(string fraction, int position) => position < fraction.Length ? fraction[position] : '0';
}
