using System.Runtime.ExceptionServices;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>Draws completions of a list of prompts, as many at once as the row limit allows.</summary>
internal sealed class Sampler(PackedWeights weights, ThreadTeam team, int maxRows = 256)
{
    /// <summary>Completions of each request, in the order of the requests.</summary>
    /// <exception cref="Constraints.SchemaException">A request's schema proved too ambiguous to decode under.</exception>
    public IReadOnlyList<Completion>[] Sample(IReadOnlyList<SampleRequest> requests, CancellationToken cancellation = default)
    {
        using var batch = new DecodingBatch(weights, team);
        var results = new IReadOnlyList<Completion>[requests.Count];
        var next = 0;
        while (next < requests.Count || batch.Active > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            next += batch.Admit(NextEntries(requests, results, batch, next));
            batch.Step();
        }
        return results;
    }

    private List<BatchEntry> NextEntries(IReadOnlyList<SampleRequest> requests, IReadOnlyList<Completion>[] results, DecodingBatch batch, int next)
    {
        var entries = new List<BatchEntry>();
        for (var rows = batch.Active; next < requests.Count && (rows == 0 || rows + requests[next].Count <= maxRows); next++)
        {
            var index = next;
            entries.Add(new BatchEntry(requests[index], completions => results[index] = completions, ExceptionDispatchInfo.Throw));
            rows += requests[index].Count;
        }
        return entries;
    }
}
