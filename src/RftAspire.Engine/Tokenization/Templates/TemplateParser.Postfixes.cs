namespace RftAspire.Engine.Tokenization.Templates;

internal sealed partial class TemplateParser
{
    private Evaluate Postfixed(Evaluate value)
    {
        while (Current.Kind == TokenKind.Symbol && Current.Value is "." or "[" or "(")
        {
            var token = Take();
            CountOperator(token);
            value = token.Value switch { "." => Attribute(value), "[" => Element(token, value), _ => Call(token, value) };
        }
        return value;
    }

    private Evaluate Call(TemplateToken open, Evaluate value)
    {
        var arguments = Arguments();
        return run =>
        {
            var site = new TemplateSite(run, open.Position);
            var function = value(run) as TemplateFunction ?? throw site.Fault("what is called here is no function; strftime_now is one where a date is given");
            site.Spend();
            return function(site, arguments(run));
        };
    }

    private Evaluate Attribute(Evaluate value)
    {
        if (Current.Kind == TokenKind.Integer)
        {
            var at = Current;
            var index = Primary();
            return run => TemplateValues.Element(new(run, at.Position), value(run), index(run));
        }
        var name = Expect(TokenKind.Name);
        if (!TakeIf("(")) return run => TemplateValues.Attribute(new(run, name.Position), value(run), name.Value);
        if (!TemplateMethods.IsKnown(name.Value)) throw Fault(name, $"the method '{name.Value}' is not supported: {TemplateMethods.KnownNames} are");
        var arguments = Arguments();
        return run => TemplateMethods.Call(new(run, name.Position), name.Value, value(run), arguments(run));
    }

    private Evaluate Element(TemplateToken open, Evaluate value)
    {
        Evaluate?[] parts = [null, null, null];
        var colons = 0;
        while (!TakeIf("]"))
        {
            if (TakeIf(":"))
            {
                if (++colons > 2) throw Fault(open, "a slice has at most two colons");
            }
            else if (parts[colons] is null) parts[colons] = Inner();
            else throw Fault(Current, $"expected ']' instead of '{Current.Value}'");
        }
        if (colons > 0) return run => TemplateSlices.Slice(new(run, open.Position), value(run), [.. parts.Select(part => part?.Invoke(run))]);
        var index = parts[0] ?? throw Fault(open, "the index is missing");
        return run => TemplateValues.Element(new(run, open.Position), value(run), index(run));
    }

    private Evaluate Filtered(Evaluate value)
    {
        while (true)
        {
            var mark = Current;
            if (mark.Kind == TokenKind.Symbol && TakeIf("|")) value = Filter(value);
            else if (mark.Kind == TokenKind.Name && TakeIf("is")) value = Test(value);
            else return value;
            CountOperator(mark);
        }
    }

    private Evaluate Filter(Evaluate value)
    {
        var name = Expect(TokenKind.Name);
        if (!TemplateFilters.IsKnown(name.Value)) throw Fault(name, $"the filter '{name.Value}' is not supported: {TemplateFilters.Names} are");
        var arguments = TakeIf("(") ? Arguments() : _ => TemplateArguments.None;
        return Postfixed(run => TemplateFilters.Apply(new(run, name.Position), name.Value, value(run), arguments(run)));
    }

    private Evaluate Test(Evaluate value)
    {
        var negated = TakeIf("not");
        var name = Expect(TokenKind.Name);
        if (!TemplateTests.IsKnown(name.Value)) throw Fault(name, $"the test 'is {name.Value}' is not supported: {TemplateTests.Names} are");
        var arguments = TestArguments(name.Value);
        return run => TemplateTests.Holds(new(run, name.Position), name.Value, value(run), arguments(run)) != negated;
    }

    /// <summary>The brackets around a test's one argument may be left out.</summary>
    private Func<TemplateRun, TemplateArguments> TestArguments(string test)
    {
        if (TakeIf("(")) return Arguments();
        if (!TemplateTests.TakesArgument(test)) return _ => TemplateArguments.None;
        var argument = Postfixed(Primary());
        return run => TemplateArguments.None with { Positional = [argument(run)] };
    }

    /// <summary>The arguments of a call after its opening bracket.</summary>
    private Func<TemplateRun, TemplateArguments> Arguments()
    {
        var positional = new List<Evaluate>();
        var named = new List<(string Name, Evaluate Value)>();
        while (!TakeIf(")"))
        {
            if (Current.Kind == TokenKind.Name && tokens[next + 1] is { Kind: TokenKind.Symbol, Value: "=" })
            {
                var name = Take().Value;
                Take();
                named.Add((name, Inner()));
            }
            else if (named.Count > 0) throw Fault(Current, "an argument without a name follows one with a name");
            else positional.Add(Inner());
            if (!TakeIf(",") && Current.Value != ")") throw Fault(Current, $"expected ')' instead of '{Current.Value}'");
        }
        return run => new TemplateArguments([.. positional.Select(argument => argument(run))],
            named.Count == 0 ? TemplateArguments.None.Named : NamedValues(run, named));
    }

    private static Dictionary<string, object?> NamedValues(TemplateRun run, List<(string Name, Evaluate Value)> named)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in named) values[name] = value(run);
        return values;
    }
}
