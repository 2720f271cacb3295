namespace RftAspire.Contracts.Graders;

/// <summary>Type <c>endpoint</c>: a grader of the user's own behind HTTP, in the form that Azure uses.</summary>
/// <param name="Url">Field <c>url</c>: where answers are sent by POST, http or https.</param>
/// <param name="Headers">Field <c>headers</c>: sent with every request. Values are secrets and appear in no log or error.</param>
/// <param name="RateLimit">Field <c>rate_limit</c>: most requests a second, above 0; null sets no limit.</param>
/// <param name="Timeout">Field <c>timeout_seconds</c>: time for one attempt, from 0.1 to 600 seconds; 30 unless given.</param>
/// <param name="Range">Field <c>range</c>: scores outside are refused; null allows every finite number.</param>
public sealed record EndpointDefinition(
    Uri Url, IReadOnlyDictionary<string, string> Headers, double? RateLimit, TimeSpan Timeout, RewardRange? Range) : GraderDefinition("")
{
    /// <summary>All of the row is sent, none of it is required.</summary>
    public override IEnumerable<GraderColumn> Columns => [];

    internal static EndpointDefinition Read(GraderFields fields)
    {
        var rate = fields.Find("rate_limit") is null ? (double?)null : fields.Number("rate_limit", 1, 0.001, 100_000);
        return new EndpointDefinition(fields.Address("url"), HttpHeaders.Read(fields), rate, fields.Timeout(), fields.Range());
    }
}
