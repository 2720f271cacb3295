using System.Text;

namespace RftAspire.Engine.Tokenization.Templates;

internal delegate object? Evaluate(TemplateRun run);

internal delegate void Execute(TemplateRun run);

/// <summary>What a statement does to the loop around it.</summary>
internal enum LoopExit { None, Continue, Break }

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
    private const int MaxCalls = 50;

    private List<Dictionary<string, object?>> scopes = [new(variables, StringComparer.Ordinal)];
    private long steps;
    private int calls;

    public StringBuilder Output { get; private set; } = new();

    public LoopExit Exit { get; set; }

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

    /// <summary>Runs a macro's body, which sees its own variables and those of the template, and returns its output.</summary>
    public string Call(TemplateSite site, Action body)
    {
        if (++calls > MaxCalls) throw site.Fault($"macros call each other deeper than {MaxCalls} levels");
        var outer = scopes;
        scopes = [outer[0], new(StringComparer.Ordinal)];
        var output = Capture(body);
        (scopes, calls) = (outer, calls - 1);
        return output;
    }

    /// <summary>What the body writes, instead of writing it.</summary>
    public string Capture(Action body)
    {
        var outer = Output;
        Output = new StringBuilder();
        body();
        var captured = Output.ToString();
        Output = outer;
        return captured;
    }

    public void Write(int position, string text)
    {
        Limit(position, (long)Output.Length + text.Length, text.Length);
        Output.Append(text);
    }

    /// <summary>Counts work: one step, and one more for every 64 characters touched.</summary>
    public void Spend(int position, long length = 0)
    {
        steps += 1 + (length / 64);
        if (steps > MaxSteps) throw Fault(position, $"the template takes more than {MaxSteps} steps");
    }

    public void Limit(int position, long length, long made)
    {
        Spend(position, made);
        if (length > MaxLength) throw Fault(position, $"the template makes a text of more than {MaxLength} characters");
    }

    public ChatTemplateException Fault(int position, string message) => TemplateLexer.Fault(source, position, message);
}

/// <summary>A place of the template in one rendering of it: where faults are reported and work is counted.</summary>
internal readonly record struct TemplateSite(TemplateRun Run, int Position)
{
    public void Spend(long length = 0) => Run.Spend(Position, length);

    /// <summary>Counts the work of making a text and refuses one that is too long.</summary>
    public void Limit(long length) => Run.Limit(Position, length, length);

    public ChatTemplateException Fault(string message) => Run.Fault(Position, message);
}
