namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>Statements of the supported part of Jinja. Loops and macros are in another part, and so are expressions.</summary>
internal sealed partial class TemplateParser
{
    private const int MaxDepth = 50;
    private const int MaxSource = 1 << 20;

    private readonly string source;
    private readonly List<TemplateToken> tokens;
    private int next;
    private int depth;
    // Loops around the current statement, within its macro.
    private int loops;

    private readonly List<TemplateToken> called = [];
    private readonly HashSet<string> macros = new(StringComparer.Ordinal);

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
        parser.CheckCalls();
        return new TemplateProgram(source, body);
    }

    /// <summary>A function that nobody defines is found when the template is read, not when a message first needs it.</summary>
    private void CheckCalls()
    {
        foreach (var name in called)
            if (!TemplateFunctions.Names.Contains(name.Value) && !macros.Contains(name.Value))
                throw Fault(name, $"the function '{name.Value}' is not supported: {string.Join(", ", TemplateFunctions.Names)} and macros are");
    }

    /// <summary>Statements up to the tag that is not theirs, such as an endif; its "{%" is consumed.</summary>
    private Execute Body()
    {
        var statements = new List<Execute>();
        while (Current.Kind != TokenKind.End && Statement() is { } statement) statements.Add(statement);
        return run =>
        {
            foreach (var statement in statements)
            {
                statement(run);
                if (run.Exit != LoopExit.None) return;
            }
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
            return run => run.Write(token.Position, TemplateText.Of(new(run, token.Position), value(run)));
        }
        return (Current.Kind == TokenKind.Name ? Current.Value : "") switch
        {
            "for" => Nested(For),
            "if" => Nested(If),
            "set" => Nested(Set),
            "macro" => Nested(Macro),
            "generation" => Nested(Generation),
            "break" => Leave(LoopExit.Break),
            "continue" => Leave(LoopExit.Continue),
            "elif" or "else" or "endif" or "endfor" or "endset" or "endmacro" or "endgeneration" => null,
            _ => throw Fault(Current, $"the tag '{Current.Value}' is not supported: for, if, set, macro, generation, raw, break and continue are"),
        };
    }

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
        var otherwise = Else();
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

    private Execute? Else()
    {
        if (Current.Kind != TokenKind.Name || !TakeIf("else")) return null;
        Expect(TokenKind.BlockEnd, "%}");
        return Body();
    }

    /// <summary>Marks what the assistant wrote, for masks of training; the text is the same.</summary>
    private Execute Generation()
    {
        Take();
        Expect(TokenKind.BlockEnd, "%}");
        var body = Body();
        End("endgeneration");
        return body;
    }

    private Execute Set()
    {
        Take();
        var name = Expect(TokenKind.Name);
        var attribute = TakeIf(".") ? Expect(TokenKind.Name).Value : null;
        if (attribute is null && Current.Kind == TokenKind.Symbol && Current.Value == ",") return SetSeveral(name);
        if (attribute is null && Current.Kind == TokenKind.BlockEnd) return SetBlock(name);
        Expect(TokenKind.Symbol, "=");
        var value = TupleOrExpression();
        Expect(TokenKind.BlockEnd, "%}");
        if (attribute is null) return run => run[name.Value] = value(run);
        return run =>
        {
            if (run[name.Value] is not TemplateNamespace space) throw run.Fault(name.Position, $"'{name.Value}' is no namespace: its attributes cannot be set");
            space[attribute] = value(run);
        };
    }

    private Execute SetSeveral(TemplateToken first)
    {
        var names = Names(first);
        Expect(TokenKind.Symbol, "=");
        var value = TupleOrExpression();
        Expect(TokenKind.BlockEnd, "%}");
        return run => Assign(new(run, first.Position), names, value(run));
    }

    private Execute SetBlock(TemplateToken name)
    {
        Take();
        var outer = loops;
        loops = 0;
        var body = Body();
        loops = outer;
        End("endset");
        // What a block sets for itself stays inside it.
        return run => run[name.Value] = run.Capture(() => run.InScope(() => body(run)));
    }

    /// <summary>Names parted by commas, of which the first is read already.</summary>
    private List<string> Names(TemplateToken first)
    {
        List<string> names = [first.Value];
        while (TakeIf(",")) names.Add(Expect(TokenKind.Name).Value);
        return names;
    }

    private static void Assign(TemplateSite site, List<string> names, object? value)
    {
        if (names.Count == 1)
        {
            site.Run[names[0]] = value;
            return;
        }
        var parts = TemplateValues.Items(site, value);
        if (parts.Count != names.Count) throw site.Fault($"{parts.Count} values for the {names.Count} names {string.Join(", ", names)}");
        for (var i = 0; i < parts.Count; i++) site.Run[names[i]] = parts[i];
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
