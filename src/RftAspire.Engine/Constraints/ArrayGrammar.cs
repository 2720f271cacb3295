namespace RftAspire.Engine.Constraints;

/// <summary>JSON arrays: a prefix of items with schemas of their own, then items of one schema, counted where their number is bounded.</summary>
internal static class ArrayGrammar
{
    public static GrammarNode Any(SchemaCompiler compiler) => Build(compiler.Grammar, [], compiler.Shared("any"), CountLimits.None);

    /// <summary>An array whose schema names a prefix but no items ends with the prefix at the latest.</summary>
    public static GrammarNode Build(SchemaCompiler compiler, SchemaElement schema)
    {
        List<GrammarNode> prefix = [.. (schema.Find("prefixItems")?.Items() ?? []).Select(compiler.Start)];
        var items = schema.Find("items") is { } element ? compiler.Start(element) : prefix.Count == 0 ? compiler.Shared("any") : null;
        var limits = schema.Limits("minItems", "maxItems");
        return limits.IsEmpty ? compiler.Grammar.Node() : Build(compiler.Grammar, prefix, items, limits);
    }

    private static GrammarNode Build(Grammar grammar, List<GrammarNode> prefix, GrammarNode? items, CountLimits limits)
    {
        var start = grammar.Node();
        var place = grammar.Node();
        start.On((byte)'[', place);
        for (var i = 0; i < prefix.Count && i < limits.Max; i++)
        {
            var after = grammar.Node();
            AddEnd(grammar, place, i, limits);
            (i == 0 ? place : AfterComma(grammar, place)).Call(prefix[i], after);
            place = after;
        }
        AddEnd(grammar, place, Math.Min(prefix.Count, limits.Max), limits);
        if (items is not null && prefix.Count < limits.Max) AddItems(grammar, place, prefix.Count, items, limits);
        return start;
    }

    private static void AddItems(Grammar grammar, GrammarNode place, int before, GrammarNode items, CountLimits limits)
    {
        var rest = new CountLimits(Math.Max(0, limits.Min - before), limits.Max == CountLimits.Unbounded ? CountLimits.Unbounded : limits.Max - before);
        GrammarNode first = grammar.Node(rest), after = grammar.Node(rest), next = grammar.Node(rest), spaced = grammar.Node(rest);
        if (before == 0) place.Epsilon.Add(first);
        else AfterComma(grammar, place).Epsilon.Add(first);
        first.Call(items, after, Counting.Item);
        after.On((byte)']', grammar.End, Counting.Done);
        after.On((byte)',', spaced, Counting.Item);
        spaced.On((byte)' ', next);
        spaced.Epsilon.Add(next);
        next.Call(items, after);
    }

    private static GrammarNode AfterComma(Grammar grammar, GrammarNode place)
    {
        var item = grammar.Node();
        place.On((byte)',', grammar.SpaceBefore(item));
        return item;
    }

    private static void AddEnd(Grammar grammar, GrammarNode place, int count, CountLimits limits)
    {
        if (count >= limits.Min) place.On((byte)']', grammar.End);
    }
}
