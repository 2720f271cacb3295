namespace RftAspire.Contracts.Graders;

/// <summary>How <see cref="StringCheckDefinition"/> compares.</summary>
public enum StringCheckOperation
{
    /// <summary>Equal, letter for letter.</summary>
    Eq,
    /// <summary>Not equal.</summary>
    Ne,
    /// <summary>The input contains the reference.</summary>
    Like,
    /// <summary>The input contains the reference, upper and lower case alike.</summary>
    Ilike,
}

/// <summary>Type <c>string_check</c>: 1 where the comparison of two texts holds, else 0.</summary>
/// <param name="Input">Field <c>input</c>: the text judged.</param>
/// <param name="Reference">Field <c>reference</c>: the text it is compared with.</param>
/// <param name="Operation">Field <c>operation</c>: eq, ne, like or ilike.</param>
public sealed record StringCheckDefinition(Template Input, Template Reference, StringCheckOperation Operation) : GraderDefinition("")
{
    private static readonly Dictionary<string, StringCheckOperation> s_operations = new()
    {
        ["eq"] = StringCheckOperation.Eq,
        ["ne"] = StringCheckOperation.Ne,
        ["like"] = StringCheckOperation.Like,
        ["ilike"] = StringCheckOperation.Ilike,
    };

    public override IEnumerable<GraderColumn> Columns => ColumnsOf(Input, Reference);

    internal static StringCheckDefinition Read(GraderFields fields) =>
        new(fields.Template("input"), fields.Template("reference"), fields.Word("operation", s_operations));
}
