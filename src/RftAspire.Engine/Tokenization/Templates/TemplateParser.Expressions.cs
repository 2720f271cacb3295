using System.Globalization;

namespace RftAspire.Engine.Tokenization.Templates;

internal sealed partial class TemplateParser
{
    // Every operator nests the evaluation one level deeper, so their number bounds the stack.
    private const int MaxOperators = 1000;

    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal) { "and", "or", "not", "in", "is", "if", "else", "for" };

    private int operators;

    /// <summary>The expression of a statement.</summary>
    private Evaluate Expression() => Expression(Inner);

    private Evaluate Expression(Func<Evaluate> parse)
    {
        operators = 0;
        return parse();
    }

    /// <summary>An expression, or several parted by commas as a list of their values.</summary>
    private Evaluate TupleOrExpression()
    {
        var first = Expression();
        if (Current.Kind != TokenKind.Symbol || Current.Value != ",") return first;
        List<Evaluate> items = [first];
        while (TakeIf(",") && Current.Kind != TokenKind.BlockEnd) items.Add(Inner());
        return run => new TemplateTuple(items.Select(item => item(run)));
    }

    private Evaluate Inner() => Nested(() =>
    {
        var value = Or();
        while (TakeIf("if"))
        {
            var (chosen, condition) = (value, Or());
            CountOperator(Current);
            Evaluate otherwise = TakeIf("else") ? Inner() : _ => Undefined.Value;
            value = run => TemplateValues.IsTrue(condition(run)) ? chosen(run) : otherwise(run);
        }
        return value;
    });

    private Evaluate Or() => Chain(And, ["or"], (_, left, right) => run => left(run) is var value && TemplateValues.IsTrue(value) ? value : right(run));

    private Evaluate And() => Chain(Not, ["and"], (_, left, right) => run => left(run) is var value && !TemplateValues.IsTrue(value) ? value : right(run));

    private Evaluate Not()
    {
        if (!TakeIf("not")) return Comparison();
        var value = Nested(Not);
        return run => !TemplateValues.IsTrue(value(run));
    }

    /// <summary>Comparisons in a row, such as a &lt; b &lt;= c, hold where each does.</summary>
    private Evaluate Comparison()
    {
        var first = Sum();
        var links = new List<(Func<TemplateSite, object?, object?, bool> Holds, int Position, Evaluate Right)>();
        while (Comparer() is { } comparer)
        {
            var position = Current.Position;
            CountOperator(Current);
            links.Add((comparer, position, Sum()));
        }
        if (links.Count == 0) return first;
        return run =>
        {
            var left = first(run);
            foreach (var (holds, position, right) in links)
            {
                var value = right(run);
                if (!holds(new(run, position), left, value)) return false;
                left = value;
            }
            return true;
        };
    }

    private Func<TemplateSite, object?, object?, bool>? Comparer()
    {
        var token = Current;
        if (token.Kind == TokenKind.Name && token.Value == "not" && tokens[next + 1].Value == "in")
        {
            next += 2;
            return (site, left, right) => !TemplateValues.Contains(site, right, left);
        }
        if (token.Kind == TokenKind.Name && TakeIf("in")) return (site, left, right) => TemplateValues.Contains(site, right, left);
        if (token.Kind != TokenKind.Symbol || token.Value is not ("==" or "!=" or "<" or ">" or "<=" or ">=")) return null;
        Take();
        return (site, left, right) => TemplateValues.Compare(site, token.Value, left, right);
    }

    private Evaluate Sum() => Chain(Concatenation, ["+", "-"], Arithmetic);

    private Evaluate Concatenation() => Chain(Product, ["~"], (token, left, right) => run =>
        new TemplateSite(run, token.Position) is var site ? TemplateValues.Join(site, TemplateText.Of(site, left(run)), TemplateText.Of(site, right(run))) : null);

    private Evaluate Product() => Chain(Unary, ["%", "*", "/", "//"], Arithmetic);

    private static Evaluate Arithmetic(TemplateToken token, Evaluate left, Evaluate right) =>
        run => TemplateValues.Arithmetic(new(run, token.Position), token.Value, left(run), right(run));

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

    /// <summary>A sign binds closer than a filter: -1 | abs is 1.</summary>
    private Evaluate Unary() => Filtered(Signed());

    private Evaluate Signed()
    {
        var token = Current;
        if (token.Kind != TokenKind.Symbol || !(TakeIf("-") || TakeIf("+"))) return Postfixed(Primary());
        var value = Nested(Signed);
        return token.Value == "+" ? value : run => TemplateValues.Negate(new(run, token.Position), value(run));
    }

    private Evaluate Primary()
    {
        var token = Take();
        switch (token.Kind)
        {
            case TokenKind.String: return Text(token.Value);
            case TokenKind.Integer:
                if (!long.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) throw Fault(token, $"the number {token.Value} is too large");
                return _ => number;
            case TokenKind.Float:
                var real = double.Parse(token.Value, CultureInfo.InvariantCulture);
                return _ => real;
            case TokenKind.Name when !Reserved.Contains(token.Value):
                if (Current.Kind == TokenKind.Symbol && Current.Value == "(") called.Add(token);
                return Name(token.Value);
            case TokenKind.Symbol when token.Value == "(": return Enclosed();
            case TokenKind.Symbol when token.Value == "[":
                var items = List("]");
                return run => items.Select(item => item(run)).ToList();
            case TokenKind.Symbol when token.Value == "{": return Mapping();
            default: throw Fault(token, $"'{token.Value}' is not supported where a value is expected");
        }
    }

    /// <summary>Strings side by side are one.</summary>
    private Evaluate Text(string text)
    {
        while (Current.Kind == TokenKind.String) text += Take().Value;
        return _ => text;
    }

    private static Evaluate Name(string name) => name switch
    {
        "true" or "True" => _ => true,
        "false" or "False" => _ => false,
        "none" or "None" => _ => null,
        _ => run => run[name],
    };

    /// <summary>What stands in round brackets: a value, or with a comma a tuple.</summary>
    private Evaluate Enclosed()
    {
        if (TakeIf(")")) return _ => new TemplateTuple([]);
        var first = Inner();
        if (TakeIf(")")) return first;
        Expect(TokenKind.Symbol, ",");
        List<Evaluate> items = [first, .. List(")")];
        return run => new TemplateTuple(items.Select(item => item(run)));
    }

    private Evaluate Mapping()
    {
        var entries = new List<(Evaluate Key, Evaluate Value)>();
        var open = Current.Position;
        while (!TakeIf("}"))
        {
            var key = Inner();
            Expect(TokenKind.Symbol, ":");
            entries.Add((key, Inner()));
            if (!TakeIf(",") && Current.Value != "}") throw Fault(Current, $"expected '}}' instead of '{Current.Value}'");
        }
        return run =>
        {
            var map = new Dictionary<string, object?>(StringComparer.Ordinal);
            run.Spend(open, 64L * entries.Count);
            foreach (var (key, value) in entries) map[key(run) as string ?? throw run.Fault(open, "a key that is no string is not supported")] = value(run);
            return map;
        };
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
