namespace Aspire.Hosting.Orchestration;

/// <summary>A resource with values that must not be shown.</summary>
internal interface IHoldsSecrets
{
    IEnumerable<string> Secrets { get; }
}
