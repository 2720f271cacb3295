using System.Text.Json;

namespace RftAspire.Contracts.Graders;

/// <summary>
/// Type <c>json_match</c>: the weighted share of fields that the answer's JSON has as the row's object; 0 for an answer that is no JSON or
/// breaks the schema. A field that is null is the same as none; fields that are not compared do not count.
/// </summary>
/// <param name="Reference">Field <c>reference</c>: one place of the row, an object.</param>
/// <param name="Schema">Field <c>schema</c>: what the answer must be; null without.</param>
/// <param name="Fields">Field <c>fields</c>: weights above 0 by path; empty for every field of the row's object with weight 1.</param>
/// <param name="Tolerance">Field <c>tolerance</c>: distance at which numbers are still equal; default 0.</param>
/// <param name="ArraysAsSets">Field <c>arrays</c>: <c>ordered</c> (default), or <c>set</c>, where order and repetition do not count.</param>
public sealed record JsonMatchDefinition(
    DataPath Reference, AnswerSchema? Schema, IReadOnlyList<(DataPath Path, double Weight)> Fields, double Tolerance, bool ArraysAsSets) : GraderDefinition("")
{
    private const int MaxFields = 256;

    private static readonly Dictionary<string, bool> s_arrays = new() { ["ordered"] = false, ["set"] = true };

    public override IEnumerable<GraderColumn> Columns => [new GraderColumn(Reference, ColumnKind.Fields)];

    internal static JsonMatchDefinition Read(GraderFields fields)
    {
        var schema = fields.Find("schema") is { } json ? AnswerSchema.Read(json, fields.PathOf("schema")) : null;
        return new JsonMatchDefinition(fields.Column("reference"), schema, [.. ReadFields(fields)],
            fields.Number("tolerance", 0, 0, 1e300), fields.Word("arrays", s_arrays, "ordered"));
    }

    private static IEnumerable<(DataPath, double)> ReadFields(GraderFields fields)
    {
        if (fields.Find("fields") is not { } map) yield break;
        if (map.ValueKind != JsonValueKind.Object || map.GetPropertyCount() is 0 or > MaxFields)
            throw fields.Fault("fields", $$"""is no object of 1 to {{MaxFields}} weights by path; write {"total": 2, "buyer.name": 1}""");
        foreach (var field in map.EnumerateObject())
        {
            if (field.Name.Length == 0 || DataPath.Parse(field.Name) is not { } path)
                throw fields.Fault("fields", $"'{field.Name}' is no dotted path; write \"total\" or \"lines[0].price\"");
            if (field.Value.ValueKind != JsonValueKind.Number || field.Value.GetDouble() is not (> 0 and <= 1e6))
                throw fields.Fault($"fields.{field.Name}", $"{field.Value.GetRawText()} is no number above 0 and at most 1000000");
            yield return (path, field.Value.GetDouble());
        }
    }
}
