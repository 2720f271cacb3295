using System.Text.Json;
using System.Text.Json.Nodes;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Graders;

namespace RftAspire.Jobs.Evals;

/// <summary>A grader of an eval, and the least reward that passes.</summary>
/// <param name="Name">As the grader's.</param>
/// <param name="Type">As the grader's.</param>
/// <param name="GraderJson">The grader without the mark.</param>
/// <param name="PassThreshold">Rewards from here on pass.</param>
public sealed record Criterion(string Name, string Type, string GraderJson, double PassThreshold)
{
    private const double StandardThreshold = 0.5;
    private const string Threshold = "pass_threshold";

    /// <exception cref="GraderException">The grader cannot be used, or its mark is no number.</exception>
    public static Criterion Parse(Caller caller, string json)
    {
        var definition = TenantJudges.OnlyOf(caller, GraderDefinition.Parse(json));
        var fields = JsonNode.Parse(json)!.AsObject();
        var mark = fields[Threshold] switch
        {
            null => StandardThreshold,
            var given when given.GetValueKind() == JsonValueKind.Number && given.GetValue<double>() is var number && double.IsFinite(number) => number,
            var given => throw new GraderException("$." + Threshold, $"{given.ToJsonString()} is no number; give the least reward that passes"),
        };
        fields.Remove(Threshold);
        return new Criterion(definition.Name, definition.Type, fields.ToJsonString(), mark);
    }

    /// <summary>Reads all, and adds what is wrong with each to the faults.</summary>
    public static IReadOnlyList<Criterion> ParseAll(Caller caller, IReadOnlyList<string> jsons, string field, List<Violation> faults)
    {
        var criteria = new List<Criterion>();
        for (var i = 0; i < jsons.Count; i++)
        {
            try
            {
                criteria.Add(Parse(caller, jsons[i]));
            }
            catch (GraderException error)
            {
                faults.Add(new Violation($"{field}[{i}]", error.Message));
            }
        }
        return criteria;
    }
}
