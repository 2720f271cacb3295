using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge.Answers;
using RftAspire.Judge.Prompts;
using RftAspire.Judge.State;

namespace RftAspire.Judge;

/// <summary>One matter to judge, by one or two judges.</summary>
/// <param name="Digest">Of the request: what its random draws come from.</param>
/// <param name="Orders">The question; of a comparison also with the candidates changed over.</param>
/// <param name="Judges">Who is asked.</param>
/// <param name="Votes">How often each.</param>
/// <param name="MaxDifference">How far the scores of two judges may lie apart.</param>
/// <param name="JobId">Whose budget is charged; empty for none.</param>
internal sealed record Matter(
    string Digest, IReadOnlyList<Prompt> Orders, IReadOnlyList<IJudgeBackend> Judges, SamplingParams Sampling, int Votes, double MaxDifference, string JobId);

/// <summary>Asks the judges of a matter and makes one finding of what they say.</summary>
internal sealed class Panel(JudgeStore store, JudgeMetrics metrics)
{
    public async Task<(Finding Finding, IReadOnlyList<ModelUsage> Usage)> JudgeAsync(Matter matter, CancellationToken cancellation)
    {
        var usage = matter.Judges.Select(judge => new ModelUsage { Model = judge.Model }).ToArray();
        var findings = await Task.WhenAll(matter.Judges.Select((judge, i) => PollAsync(matter, judge, usage[i], cancellation)));
        var finding = findings.Length == 1 ? findings[0] : Agreement.OfJudges(findings[0], findings[1], matter.MaxDifference);
        return (finding, usage);
    }

    private async Task<Finding> PollAsync(Matter matter, IJudgeBackend judge, ModelUsage usage, CancellationToken cancellation)
    {
        var votes = Enumerable.Range(0, matter.Votes).Select(async vote =>
        {
            var orders = await Task.WhenAll(matter.Orders.Select(prompt => AskAsync(matter, judge, prompt, vote, usage, cancellation)));
            return orders.Length == 1 ? orders[0] : Agreement.OfOrders(orders[0], orders[1]);
        });
        return Agreement.OfVotes(await Task.WhenAll(votes));
    }

    private async Task<Finding> AskAsync(Matter matter, IJudgeBackend judge, Prompt prompt, int vote, ModelUsage usage, CancellationToken cancellation)
    {
        using var call = metrics.Begin(judge.Model);
        var finding = await FindAsync(matter, judge, prompt, vote, usage, call, cancellation);
        call.Ended(finding);
        return finding;
    }

    private async Task<Finding> FindAsync(
        Matter matter, IJudgeBackend judge, Prompt prompt, int vote, ModelUsage usage, JudgeMetrics.Call call, CancellationToken cancellation)
    {
        try
        {
            await store.TakeCallAsync(matter.JobId);
            lock (usage) usage.Calls++;
            var answer = await judge.AskAsync(prompt, matter.Sampling, (matter.Digest, vote), cancellation);
            Add(usage, answer.Usage);
            call.Spent(answer.Usage);
            // Before it is read: an answer that is of no use was paid for too.
            await store.AddTokensAsync(matter.JobId, answer.Usage.PromptTokens + answer.Usage.CompletionTokens);
            return AnswerReader.Read(answer, prompt);
        }
        catch (JudgeException fault)
        {
            return new NoVerdict(fault.Kind, fault.Message);
        }
    }

    private static void Add(ModelUsage usage, TokenUse use)
    {
        lock (usage)
        {
            usage.PromptTokens += use.PromptTokens;
            usage.CompletionTokens += use.CompletionTokens;
            usage.CachedTokens += use.CachedTokens;
        }
    }
}
