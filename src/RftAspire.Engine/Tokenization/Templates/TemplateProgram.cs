using System.Text;

namespace RftAspire.Engine.Tokenization.Templates;

internal delegate object? Evaluate(TemplateRun run);

internal delegate void Execute(TemplateRun run);

/// <summary>The value of a name, an attribute or an element that does not exist: false, and empty when written.</summary>
internal sealed class Undefined
{
    public static readonly Undefined Value = new();
}

/// <summary>A parsed template.</summary>
internal sealed class TemplateProgram(string source, Execute body)
{
    public string Run(IReadOnlyDictionary<string, object?> variables)
    {
        var run = new TemplateRun(source, variables);
        body(run);
        return run.Output.ToString();
    }
}

/// <summary>One rendering: its variables, its output and what it may still spend.</summary>
internal sealed class TemplateRun(string source, IReadOnlyDictionary<string, object?> variables)
{
    public const int MaxLength = 16 << 20;
    private const long MaxSteps = 2_000_000;

    private readonly List<Dictionary<string, object?>> scopes = [new(variables, StringComparer.Ordinal)];
    private long steps;

    public StringBuilder Output { get; } = new();

    public object? this[string name]
    {
        get
        {
            for (var scope = scopes.Count - 1; scope >= 0; scope--)
                if (scopes[scope].TryGetValue(name, out var value)) return value;
            return Undefined.Value;
        }
        set => scopes[^1][name] = value;
    }

    /// <summary>Runs a loop's body; what it sets is gone after it, as in Jinja.</summary>
    public void InScope(Action body)
    {
        scopes.Add(new(StringComparer.Ordinal));
        body();
        scopes.RemoveAt(scopes.Count - 1);
    }

    public void Write(int position, string text)
    {
        Limit(position, (long)Output.Length + text.Length);
        Output.Append(text);
    }

    /// <summary>Counts work: one step, and one more for every 64 characters touched.</summary>
    public void Spend(int position, long length = 0)
    {
        steps += 1 + (length / 64);
        if (steps > MaxSteps) throw Fault(position, $"the template takes more than {MaxSteps} steps");
    }

    public void Limit(int position, long length)
    {
        Spend(position, length);
        if (length > MaxLength) throw Fault(position, $"the template makes a text of more than {MaxLength} characters");
    }

    public ChatTemplateException Fault(int position, string message) => TemplateLexer.Fault(source, position, message);
}
