using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>Draws completions of a list of prompts, as many at once as the row limit allows.</summary>
internal sealed class Sampler(PackedWeights weights, ThreadTeam team, int maxRows = 256)
{
    /// <summary>Completions of each request, in the order of the requests.</summary>
    public IReadOnlyList<Completion>[] Sample(IReadOnlyList<SampleRequest> requests, CancellationToken cancellation = default)
    {
        using var batch = new DecodingBatch(weights, team);
        var results = new IReadOnlyList<Completion>[requests.Count];
        var next = 0;
        while (next < requests.Count || batch.Active > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            batch.Admit(NextGroups(requests, results, batch, ref next));
            batch.Step();
        }
        return results;
    }

    private List<PromptGroupState> NextGroups(IReadOnlyList<SampleRequest> requests, IReadOnlyList<Completion>[] results, DecodingBatch batch, ref int next)
    {
        var groups = new List<PromptGroupState>();
        var rows = batch.Active;
        while (next < requests.Count && (rows == 0 || rows + requests[next].Count <= maxRows))
        {
            var index = next++;
            Check(requests[index]);
            groups.Add(new PromptGroupState(weights.Config, requests[index], completions => results[index] = completions));
            rows += requests[index].Count;
        }
        return groups;
    }

    private void Check(SampleRequest request)
    {
        var (config, length) = (weights.Config, request.Prompt.Length);
        if (length == 0) throw new ArgumentException("the prompt has no tokens");
        if (request.Count < 1 || request.MaxTokens < 1) throw new ArgumentException($"count {request.Count} and max tokens {request.MaxTokens} must be at least 1");
        if (length + request.MaxTokens > config.MaxPositionEmbeddings)
            throw new ArgumentException($"prompt of {length} tokens and {request.MaxTokens} new ones exceed the model's context of {config.MaxPositionEmbeddings}");
        foreach (var token in request.Prompt)
        {
            if ((uint)token >= config.VocabSize) throw new ArgumentException($"token {token} is outside the model's vocabulary of {config.VocabSize}");
        }
    }
}
