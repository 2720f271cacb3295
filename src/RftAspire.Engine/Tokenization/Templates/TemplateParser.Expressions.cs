using System.Globalization;

namespace RftAspire.Engine.Tokenization.Templates;

internal sealed partial class TemplateParser
{
    // Every operator nests the evaluation one level deeper, so their number bounds the stack.
    private const int MaxOperators = 1000;

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal) { "and", "or", "not", "in", "is", "if", "else", "for" };

    private int operators;

    /// <summary>The expression of a statement.</summary>
    private Evaluate Expression()
    {
        operators = 0;
        return Inner();
    }

    private Evaluate Inner() => Nested(() =>
    {
        var value = Or();
        if (!TakeIf("if")) return value;
        var condition = Or();
        Evaluate otherwise = TakeIf("else") ? Inner() : _ => Undefined.Value;
        return run => TemplateValues.IsTrue(condition(run)) ? value(run) : otherwise(run);
    });

    private Evaluate Or() => Chain(And, ["or"], (_, left, right) => run => left(run) is var value && TemplateValues.IsTrue(value) ? value : right(run));

    private Evaluate And() => Chain(Not, ["and"], (_, left, right) => run => left(run) is var value && !TemplateValues.IsTrue(value) ? value : right(run));

    private Evaluate Not()
    {
        if (!TakeIf("not")) return Comparison();
        var value = Nested(Not);
        return run => !TemplateValues.IsTrue(value(run));
    }

    private Evaluate Comparison()
    {
        var left = Sum();
        var token = Current;
        var negated = token.Value == "not" && tokens[next + 1].Value == "in" && TakeIf("not");
        if (negated || token.Kind == TokenKind.Name && token.Value == "in")
        {
            Take();
            var container = Sum();
            return run => TemplateValues.Contains(run, token.Position, container(run), left(run)) != negated;
        }
        if (token.Kind != TokenKind.Symbol || token.Value is not ("==" or "!=" or "<" or ">" or "<=" or ">=")) return left;
        Take();
        var right = Sum();
        return run => TemplateValues.Compare(run, token, left(run), right(run));
    }

    private Evaluate Sum() => Chain(Concatenation, ["+", "-"], Arithmetic);

    private Evaluate Concatenation() => Chain(Product, ["~"], (token, left, right) => run => TemplateValues.Join(run, token.Position,
        TemplateValues.ToText(run, token.Position, left(run)), TemplateValues.ToText(run, token.Position, right(run))));

    private Evaluate Product() => Chain(Unary, ["%", "*"], Arithmetic);

    private static Evaluate Arithmetic(TemplateToken token, Evaluate left, Evaluate right) =>
        run => TemplateValues.Arithmetic(run, token, left(run), right(run));

    private Evaluate Chain(Func<Evaluate> operand, string[] symbols, Func<TemplateToken, Evaluate, Evaluate, Evaluate> combine)
    {
        var value = operand();
        while (Current.Kind is TokenKind.Symbol or TokenKind.Name && symbols.Contains(Current.Value))
        {
            var token = Take();
            CountOperator(token);
            value = combine(token, value, operand());
        }
        return value;
    }

    private Evaluate Unary()
    {
        var token = Current;
        if (!TakeIf("-")) return Filtered(Postfixed(Primary()));
        var value = Nested(Unary);
        return run => TemplateValues.Negate(run, token.Position, value(run));
    }

    private Evaluate Primary()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TokenKind.String: return _ => token.Value;
            case TokenKind.Integer: return Integer(token);
            case TokenKind.Name when !Reserved.Contains(token.Value): return Name(token);
            case TokenKind.Symbol when token.Value == "(":
                var inner = Inner();
                Expect(TokenKind.Symbol, ")");
                return inner;
            case TokenKind.Symbol when token.Value == "[":
                var items = List("]");
                return run => items.Select(item => item(run)).ToList();
            default: throw Fault(token, $"'{token.Value}' is not supported where a value is expected");
        }
    }

    private Evaluate Integer(TemplateToken token) =>
        long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? _ => number
            : throw Fault(token, $"the number {token.Value} is too large");

    private Evaluate Name(TemplateToken token)
    {
        if (token.Value is "true" or "True") return _ => true;
        if (token.Value is "false" or "False") return _ => false;
        if (token.Value is "none" or "None") return _ => null;
        if (Current.Kind == TokenKind.Symbol && Current.Value == "(") return Function(token);
        return run => run[token.Value];
    }

    private Evaluate Function(TemplateToken name)
    {
        Take();
        if (name.Value == "namespace") return Namespace();
        if (name.Value != "raise_exception") throw Fault(name, $"the function '{name.Value}' is not supported: raise_exception and namespace are");
        var arguments = List(")");
        return run => throw run.Fault(name.Position, "the chat template refuses the messages: "
            + TemplateValues.ToText(run, name.Position, arguments.Count == 1 ? arguments[0](run) : Undefined.Value));
    }

    private Evaluate Namespace()
    {
        var fields = new List<(string Name, Evaluate Value)>();
        while (!TakeIf(")"))
        {
            var name = Expect(TokenKind.Name).Value;
            Expect(TokenKind.Symbol, "=");
            fields.Add((name, Inner()));
            if (!TakeIf(",") && Current.Value != ")") throw Fault(Current, $"expected ')' instead of '{Current.Value}'");
        }
        return run =>
        {
            var space = new TemplateNamespace();
            foreach (var (name, value) in fields) space[name] = value(run);
            return space;
        };
    }

    private Evaluate Postfixed(Evaluate value)
    {
        while (Current.Kind == TokenKind.Symbol && Current.Value is "." or "[")
        {
            var token = Take();
            CountOperator(token);
            value = token.Value == "." ? Attribute(value) : Element(token, value);
        }
        if (Current.Kind == TokenKind.Symbol && Current.Value == "(") throw Fault(Current, "calling a value is not supported");
        return value;
    }

    private Evaluate Attribute(Evaluate value)
    {
        var name = Expect(TokenKind.Name);
        if (!TakeIf("(")) return run => TemplateValues.Element(run, name.Position, value(run), name.Value);
        if (!TemplateMethods.IsMethod(name.Value)) throw Fault(name, $"the method '{name.Value}' is not supported: {TemplateMethods.MethodNames} are");
        var arguments = List(")");
        return run => TemplateMethods.Call(run, name, value(run), [.. arguments.Select(argument => argument(run))]);
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
        if (colons > 0) return run => TemplateSlices.Slice(run, open.Position, value(run), [.. parts.Select(part => part?.Invoke(run))]);
        var index = parts[0] ?? throw Fault(open, "the index is missing");
        return run => TemplateValues.Element(run, open.Position, value(run), index(run));
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
        if (!TemplateMethods.IsFilter(name.Value)) throw Fault(name, $"the filter '{name.Value}' is not supported: {TemplateMethods.FilterNames} are");
        var arguments = TakeIf("(") ? List(")") : [];
        return Postfixed(run => TemplateMethods.Filter(run, name, value(run), [.. arguments.Select(argument => argument(run))]));
    }

    private Evaluate Test(Evaluate value)
    {
        var negated = TakeIf("not");
        var name = Expect(TokenKind.Name);
        var test = TemplateMethods.Test(name.Value) ?? throw Fault(name, $"the test 'is {name.Value}' is not supported: {TemplateMethods.TestNames} are");
        return run => test(value(run)) != negated;
    }

    private List<Evaluate> List(string close)
    {
        var items = new List<Evaluate>();
        while (!TakeIf(close))
        {
            items.Add(Inner());
            if (!TakeIf(",") && Current.Value != close) throw Fault(Current, $"expected '{close}' instead of '{Current.Value}'");
        }
        return items;
    }

    private void CountOperator(TemplateToken at)
    {
        if (++operators > MaxOperators) throw Fault(at, $"an expression of more than {MaxOperators} operators is not supported");
    }
}
