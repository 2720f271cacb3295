using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>
/// Type <c>regex</c>: 1 where the pattern matches somewhere in the input and, with a reference, what the group <c>answer</c> (else the first
/// group) of the first match holds is the reference; else 0. Matching takes time in proportion to the input, whatever the pattern.
/// </summary>
/// <param name="Input">Field <c>input</c>: the text judged.</param>
/// <param name="Pattern">
/// Field <c>pattern</c>, in .NET's syntax without lookarounds, backreferences, atomic groups and conditionals; with the fields
/// <c>ignore_case</c> and <c>multiline</c> (^ and $ at every line), both false by default.
/// </param>
/// <param name="Reference">Field <c>reference</c>; null without.</param>
/// <param name="Group">The group that is compared with the reference.</param>
public sealed record RegexDefinition(Template Input, Regex Pattern, Template? Reference, string Group) : GraderDefinition("")
{
    public override IEnumerable<GraderColumn> Columns => Reference is null ? ColumnsOf(Input) : ColumnsOf(Input, Reference);

    internal static RegexDefinition Read(GraderFields fields)
    {
        var options = (fields.Flag("ignore_case", false) ? RegexOptions.IgnoreCase : 0) | (fields.Flag("multiline", false) ? RegexOptions.Multiline : 0);
        var pattern = LinearPattern.Compile(fields.Text("pattern"), options, fields.PathOf("pattern"));
        var reference = fields.Find("reference") is null ? null : fields.Template("reference");
        var group = pattern.GetGroupNames().Contains("answer") ? "answer" : "1";
        if (reference is not null && pattern.GroupNumberFromName(group) < 0)
            throw fields.Fault("pattern", $"'{pattern}' has no group to compare with the reference; put ( ) around the answer's part");
        return new RegexDefinition(fields.Template("input"), pattern, reference, group);
    }
}
