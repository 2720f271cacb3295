namespace RftAspire.Engine.Tokenization.Templates;

/// <summary>The arguments of a call.</summary>
internal sealed record TemplateArguments(IReadOnlyList<object?> Positional, IReadOnlyDictionary<string, object?> Named)
{
    public static readonly TemplateArguments None = new([], new Dictionary<string, object?>());

    public TemplateArguments From(int first) => this with { Positional = [.. Positional.Skip(first)] };

    /// <summary>The values in the order of the parameters, <see cref="Undefined"/> where none is given.</summary>
    public object?[] Bind(TemplateSite site, string name, params ReadOnlySpan<string> parameters) => Bind(site, name, Undefined.Value, parameters);

    /// <summary>The values in the order of the parameters, and another where none is given.</summary>
    public object?[] Bind(TemplateSite site, string name, object? absent, ReadOnlySpan<string> parameters)
    {
        if (Positional.Count > parameters.Length) throw site.Fault($"'{name}' takes at most {parameters.Length} arguments, not {Positional.Count}");
        var bound = new object?[parameters.Length];
        for (var i = 0; i < bound.Length; i++) bound[i] = i < Positional.Count ? Positional[i] : absent;
        foreach (var (parameter, value) in Named)
        {
            var place = parameters.IndexOf(parameter);
            if (place < Positional.Count) throw site.Fault($"the argument '{parameter}' of '{name}' is {(place < 0 ? "not supported" : "given twice")}");
            bound[place] = value;
        }
        return bound;
    }
}
