using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Graders;

/// <summary>Whoever may not use a model may not have it judge either. Grading and Judge know no tenants, so this is where it is said.</summary>
internal static class TenantJudges
{
    /// <exception cref="GraderException">A judge is another tenant's.</exception>
    public static GraderDefinition OnlyOf(Caller caller, GraderDefinition grader) => ForeignIn(caller, grader) is { } fault ? throw fault : grader;

    /// <summary>The fault of a judge of another tenant: by its name alone, so that nobody learns which models others have.</summary>
    public static GraderException? ForeignIn(Caller caller, GraderDefinition grader)
    {
        var judges = grader.Leaves.OfType<JudgedDefinition>().SelectMany(judge => new[] { judge.Model, judge.SecondModel }).OfType<string>();
        var foreign = judges.FirstOrDefault(name => ModelNames.IsTuned(name) && ModelNames.TenantOf(name) is { } owner && owner != caller.Tenant);
        return foreign is null ? null : new GraderException("$", $"there is no judge '{foreign}' here; a model behind an endpoint needs a name in Judge:Models that does not begin with ft:");
    }
}
