using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Graders;

/// <summary>Whoever may not use a model may not have it judge either. Grading and Judge know no tenants, so this is where it is said.</summary>
internal static class TenantJudges
{
    /// <exception cref="GraderException">By the name alone, so that nobody learns which models another tenant has.</exception>
    public static GraderDefinition OnlyOf(Caller caller, GraderDefinition grader)
    {
        var judges = grader.Leaves.OfType<JudgedDefinition>().SelectMany(judge => new[] { judge.Model, judge.SecondModel }).OfType<string>();
        var foreign = judges.FirstOrDefault(name => ModelNames.IsTuned(name) && ModelNames.TenantOf(name) is { } owner && owner != caller.Tenant);
        return foreign is null ? grader : throw new GraderException("$", $"there is no judge '{foreign}' here; a model behind an endpoint needs a name in Judge:Models that does not begin with ft:");
    }
}
