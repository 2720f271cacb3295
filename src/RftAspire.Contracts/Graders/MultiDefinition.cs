using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RftAspire.Contracts.Graders;

/// <summary>Type <c>multi</c>: a formula over the rewards of other graders.</summary>
/// <param name="Graders">Field <c>graders</c>: an object of graders by name, each a variable of the formula; none is a multi.</param>
/// <param name="Formula">Field <c>calculate_output</c>.</param>
public sealed partial record MultiDefinition(IReadOnlyList<GraderDefinition> Graders, Formula Formula) : GraderDefinition("")
{
    private const int MaxGraders = 32;

    public override IEnumerable<GraderColumn> Columns => Graders.SelectMany(grader => grader.Columns).Distinct();

    public override bool NeedsPlatform => Graders.Any(grader => grader.NeedsPlatform);

    public override IEnumerable<GraderDefinition> Leaves => Graders;

    internal static MultiDefinition Read(GraderFields fields)
    {
        var graders = ReadGraders(fields).ToList();
        if (graders.Count is 0 or > MaxGraders) throw fields.Fault("graders", $"has {graders.Count} graders; give 1 to {MaxGraders}");
        var names = graders.Select(grader => grader.Name).ToList();
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw fields.Fault("graders", $"has two graders of the name '{twice.Key}'; name them apart");
        fields.Standard("graders", new JsonObject(graders.Select(grader => KeyValuePair.Create(grader.Name, JsonNode.Parse(grader.Json)))));
        return new MultiDefinition(graders, Formula.Parse(fields.Text("calculate_output"), names, fields.PathOf("calculate_output")));
    }

    // OpenAI's schema shows an array too; its graders then go by their names.
    private static IEnumerable<GraderDefinition> ReadGraders(GraderFields fields) => fields.Find("graders") switch
    {
        { ValueKind: JsonValueKind.Object } map => map.EnumerateObject()
            .Select(grader => ReadPart(fields, grader.Value, $"{fields.PathOf("graders")}.{grader.Name}", grader.Name)),
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray()
            .Select((grader, i) => ReadPart(fields, grader, $"{fields.PathOf("graders")}[{i}]", null)),
        _ => throw fields.Fault("graders", """is no object of graders; write {"exact": {"type": "string_check", ...}}"""),
    };

    private static GraderDefinition ReadPart(GraderFields fields, JsonElement grader, string path, string? key)
    {
        var part = GraderDefinition.Read(grader, path, key, fields.IgnoresUnknown);
        if (part is MultiDefinition) throw new GraderException(path, "is a multi within a multi; put its graders and its formula into the outer one");
        if (!Variable().IsMatch(part.Name) || Formula.Functions.Contains(part.Name))
            throw new GraderException(path, $"'{part.Name}' is no variable of a formula; use letters, digits and _, and none of {string.Join(", ", Formula.Functions)}");
        return part;
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]{0,63}\z")]
    private static partial Regex Variable();
}
