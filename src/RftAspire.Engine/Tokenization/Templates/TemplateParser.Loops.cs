namespace RftAspire.Engine.Tokenization.Templates;

internal sealed partial class TemplateParser
{
    // Tells a parameter without an argument from one whose argument is undefined.
    private static readonly object Absent = new();

    private Execute For()
    {
        var tag = Take();
        var names = LoopNames();
        Expect(TokenKind.Name, "in");
        // The condition of the loop comes after "if", which would else read as a choice between values.
        var items = Expression(Or);
        var condition = TakeIf("if") ? Expression() : null;
        if (TakeIf("recursive")) throw Fault(tag, "a recursive loop is not supported");
        Expect(TokenKind.BlockEnd, "%}");
        loops++;
        var body = Body();
        loops--;
        var otherwise = Else();
        End("endfor");
        return run =>
        {
            var site = new TemplateSite(run, tag.Position);
            var list = TemplateValues.Items(site, items(run));
            if (condition is not null) list = Selected(site, list, names, condition);
            if (list.Count == 0) otherwise?.Invoke(run);
            for (var i = 0; i < list.Count && run.Exit != LoopExit.Break; i++) Iterate(site, list, i, names, body);
            run.Exit = LoopExit.None;
        };
    }

    private List<string> LoopNames()
    {
        var enclosed = TakeIf("(");
        var names = Names(Expect(TokenKind.Name));
        if (enclosed) Expect(TokenKind.Symbol, ")");
        return names;
    }

    private static List<object?> Selected(TemplateSite site, List<object?> list, List<string> names, Evaluate condition) => list.FindAll(item =>
    {
        var selected = false;
        site.Spend(64 * 16);
        site.Run.InScope(() =>
        {
            Assign(site, names, item);
            selected = TemplateValues.IsTrue(condition(site.Run));
        });
        return selected;
    });

    private static void Iterate(TemplateSite site, List<object?> list, int index, List<string> names, Execute body)
    {
        // An iteration makes a scope and a loop variable, which is much more than other steps do.
        site.Spend(64 * 16);
        site.Run.Exit = LoopExit.None;
        site.Run.InScope(() =>
        {
            Assign(site, names, list[index]);
            site.Run["loop"] = Loop(list, index);
            body(site.Run);
        });
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
        ["cycle"] = (TemplateFunction)((site, arguments) => arguments.Positional.Count > 0 ? arguments.Positional[index % arguments.Positional.Count]
            : throw site.Fault("'cycle' lacks its values")),
    };

    private Execute Leave(LoopExit exit)
    {
        var tag = Take();
        if (loops == 0) throw Fault(tag, $"'{tag.Value}' outside of a loop");
        Expect(TokenKind.BlockEnd, "%}");
        return run => run.Exit = exit;
    }

    private Execute Macro()
    {
        var tag = Take();
        // A macro of a loop would keep the loop's variables, which calls here do not see.
        if (loops > 0) throw Fault(tag, "a macro within a loop is not supported");
        var name = Expect(TokenKind.Name).Value;
        macros.Add(name);
        Expect(TokenKind.Symbol, "(");
        var parameters = Parameters();
        Expect(TokenKind.BlockEnd, "%}");
        var body = Body();
        End("endmacro");
        string[] names = [.. parameters.Select(parameter => parameter.Name)];
        return run => run[name] = (TemplateFunction)((site, arguments) =>
        {
            var values = arguments.Bind(site, name, Absent, names);
            return site.Run.Call(site, () =>
            {
                for (var i = 0; i < names.Length; i++)
                    site.Run[names[i]] = values[i] != Absent ? values[i] : parameters[i].Default is { } fallback ? fallback(site.Run) : Undefined.Value;
                body(site.Run);
            });
        });
    }

    private List<(string Name, Evaluate? Default)> Parameters()
    {
        var parameters = new List<(string, Evaluate?)>();
        while (!TakeIf(")"))
        {
            var name = Expect(TokenKind.Name).Value;
            parameters.Add((name, TakeIf("=") ? Expression() : null));
            if (!TakeIf(",") && Current.Value != ")") throw Fault(Current, $"expected ')' instead of '{Current.Value}'");
        }
        return parameters;
    }
}
