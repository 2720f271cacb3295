namespace RftAspire.Engine.Constraints;

/// <summary>JSON numbers: all of them, or those within bounds.</summary>
internal static class NumberGrammar
{
    /// <summary>An integer without fraction and exponent; or any number as JSON spells it.</summary>
    public static GrammarNode Free(Grammar grammar, bool integer)
    {
        GrammarNode start = grammar.Node(), first = grammar.Node(), zero = grammar.Node(), digits = grammar.Node();
        start.On((byte)'-', first);
        start.Epsilon.Add(first);
        first.On((byte)'0', zero);
        first.On('1', '9', digits);
        digits.On('0', '9', digits);
        digits.Epsilon.Add(zero);
        zero.Accepts = true;
        if (!integer) AddFraction(grammar, zero);
        return start;
    }

    /// <summary>The numbers within the bounds, spelt without an exponent.</summary>
    public static GrammarNode Within(Grammar grammar, DecimalBound? low, DecimalBound? high, bool integer)
    {
        var start = grammar.Node();
        if (high is not { Negative: true })
            start.Epsilon.Add(new MagnitudeGrammar(grammar, low is { Negative: false } ? low : null, high, integer).Start);
        if (low is { Negative: false }) return start;
        // Below zero the magnitudes run the other way: from -high, or from zero, to -low. "-0" is zero, so zero's own bound counts.
        var nearest = high is { Negative: true } ? high.Negated() : high is { IsZero: true } ? high : null;
        start.On((byte)'-', new MagnitudeGrammar(grammar, nearest, low?.Negated(), integer).Start);
        return start;
    }

    private static void AddFraction(Grammar grammar, GrammarNode integer)
    {
        GrammarNode point = grammar.Node(), fraction = grammar.Node();
        GrammarNode mark = grammar.Node(), sign = grammar.Node(), exponent = grammar.Node();
        integer.On((byte)'.', point);
        point.On('0', '9', fraction);
        fraction.On('0', '9', fraction);
        foreach (var node in new[] { integer, fraction })
        {
            node.On((byte)'e', mark);
            node.On((byte)'E', mark);
        }
        mark.On((byte)'+', sign);
        mark.On((byte)'-', sign);
        mark.Epsilon.Add(sign);
        sign.On('0', '9', exponent);
        exponent.On('0', '9', exponent);
        (fraction.Accepts, exponent.Accepts) = (true, true);
    }
}
