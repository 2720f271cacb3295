namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>Statements of the supported part of Jinja: text, output, for, if, set. Expressions are in the other half.</summary>
internal sealed partial class TemplateParser
{
    private const int MaxDepth = 50;
    private const int MaxSource = 1 << 20;

    private readonly string source;
    private readonly List<TemplateToken> tokens;
    private int next;
    private int depth;

    private TemplateParser(string source) => (this.source, tokens) = (source, TemplateLexer.Read(source));

    private TemplateToken Current => tokens[next];

    public static TemplateProgram Parse(string source)
    {
        if (source.Length > MaxSource) throw new ChatTemplateException($"the template has {source.Length} characters, at most {MaxSource} are supported");
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        if (source.EndsWith('\n')) source = source[..^1];
        var parser = new TemplateParser(source);
        var body = parser.Body();
        if (parser.Current.Kind != TokenKind.End) throw parser.Fault(parser.Current, $"'{parser.Current.Value}' without its beginning");
        return new TemplateProgram(source, body);
    }

    /// <summary>Statements up to the tag that is not theirs, such as an endif; its "{%" is consumed.</summary>
    private Execute Body()
    {
        var statements = new List<Execute>();
        while (Current.Kind != TokenKind.End && Statement() is { } statement) statements.Add(statement);
        return run =>
        {
            foreach (var statement in statements) statement(run);
        };
    }

    private Execute? Statement()
    {
        var token = Take();
        if (token.Kind == TokenKind.Text) return run => run.Write(token.Position, token.Value);
        if (token.Kind == TokenKind.OutputBegin)
        {
            var value = Expression();
            Expect(TokenKind.OutputEnd, "}}");
            return run => run.Write(token.Position, TemplateValues.ToText(run, token.Position, value(run)));
        }
        return (Current.Kind == TokenKind.Name ? Current.Value : "") switch
        {
            "for" => Nested(For),
            "if" => Nested(If),
            "set" => Nested(Set),
            "elif" or "else" or "endif" or "endfor" => null,
            _ => throw Fault(Current, $"the tag '{Current.Value}' is not supported: for, if and set are"),
        };
    }

    private Execute For()
    {
        var tag = Take();
        var variable = Expect(TokenKind.Name).Value;
        Expect(TokenKind.Name, "in");
        var items = Expression();
        Expect(TokenKind.BlockEnd, "%}");
        var body = Body();
        End("endfor");
        return run =>
        {
            var list = TemplateValues.Items(run, tag.Position, items(run));
            for (var i = 0; i < list.Count; i++)
            {
                // An iteration makes a scope and a loop variable, which is much more than other steps do.
                run.Spend(tag.Position, 64 * 16);
                var index = i;
                run.InScope(() =>
                {
                    (run[variable], run["loop"]) = (list[index], Loop(list, index));
                    body(run);
                });
            }
        };
    }

    private static Dictionary<string, object?> Loop(List<object?> items, int index) => new(StringComparer.Ordinal)
    {
        ["index"] = index + 1L,
        ["index0"] = (long)index,
        ["revindex"] = (long)items.Count - index,
        ["revindex0"] = items.Count - index - 1L,
        ["first"] = index == 0,
        ["last"] = index == items.Count - 1,
        ["length"] = (long)items.Count,
        ["previtem"] = index > 0 ? items[index - 1] : Undefined.Value,
        ["nextitem"] = index < items.Count - 1 ? items[index + 1] : Undefined.Value,
    };

    private Execute If()
    {
        var branches = new List<(Evaluate Condition, Execute Body)>();
        do
        {
            Take();
            var condition = Expression();
            Expect(TokenKind.BlockEnd, "%}");
            branches.Add((condition, Body()));
        }
        while (Current.Value == "elif");
        Execute? otherwise = null;
        if (Current.Value == "else")
        {
            Take();
            Expect(TokenKind.BlockEnd, "%}");
            otherwise = Body();
        }
        End("endif");
        return run =>
        {
            foreach (var (condition, body) in branches)
            {
                if (!TemplateValues.IsTrue(condition(run))) continue;
                body(run);
                return;
            }
            otherwise?.Invoke(run);
        };
    }

    private Execute Set()
    {
        Take();
        var name = Expect(TokenKind.Name);
        var attribute = TakeIf(".") ? Expect(TokenKind.Name).Value : null;
        Expect(TokenKind.Symbol, "=");
        var value = Expression();
        Expect(TokenKind.BlockEnd, "%}");
        if (attribute is null) return run => run[name.Value] = value(run);
        return run =>
        {
            if (run[name.Value] is not TemplateNamespace space) throw run.Fault(name.Position, $"'{name.Value}' is no namespace: its attributes cannot be set");
            space[attribute] = value(run);
        };
    }

    private void End(string name)
    {
        Expect(TokenKind.Name, name);
        Expect(TokenKind.BlockEnd, "%}");
    }

    private T Nested<T>(Func<T> parse)
    {
        if (++depth > MaxDepth) throw Fault(Current, $"the template nests deeper than {MaxDepth} levels");
        var result = parse();
        depth--;
        return result;
    }

    private TemplateToken Take() => tokens[next].Kind == TokenKind.End ? tokens[next] : tokens[next++];

    private bool TakeIf(string value)
    {
        var taken = Current.Kind is TokenKind.Name or TokenKind.Symbol && Current.Value == value;
        if (taken) next++;
        return taken;
    }

    private TemplateToken Expect(TokenKind kind, string? value = null)
    {
        if (Current.Kind == kind && (value is null || Current.Value == value)) return Take();
        throw Fault(Current, $"expected {(value is null ? kind.ToString() : $"'{value}'")} instead of '{Current.Value}'");
    }

    private ChatTemplateException Fault(TemplateToken at, string message) => TemplateLexer.Fault(source, at.Position, message);
}
