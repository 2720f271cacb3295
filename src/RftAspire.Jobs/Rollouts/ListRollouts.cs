using System.Globalization;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;
using Rollout = RftAspire.Contracts.Jobs.V1.Rollout;

namespace RftAspire.Jobs.Rollouts;

/// <summary>ListRollouts: reads through the files that Training leaves, from the page's place on, until the page is full.</summary>
public sealed class ListRollouts(JobStore jobs, ArtifactStore artifacts)
{
    // A query that few rollouts match must not read for minutes before it answers.
    private const int GroupsLookedAt = 4096;

    public async Task<ListRolloutsResponse> RunAsync(Caller caller, ListRolloutsRequest request, CancellationToken cancellation)
    {
        var job = await jobs.FindAsync(caller.Tenant, request.JobId) ?? throw Faults.NoSuchJob(request.JobId);
        var size = PageSize.Of(request.PageSize, 100, 1000);
        var query = RolloutQuery.Read(request, job);
        var (found, next) = await FindAsync(job, query, size, cancellation);
        await AddPromptsAsync(job, query.Purpose, found, cancellation);
        var response = new ListRolloutsResponse();
        long bytes = 0;
        foreach (var (rollout, position) in found)
        {
            bytes += rollout.CalculateSize();
            if (bytes > MessageSize.Largest && response.Rollouts.Count > 0)
            {
                next = position;
                break;
            }
            response.Rollouts.Add(rollout);
        }
        response.NextPageToken = next?.ToToken(request) ?? "";
        return response;
    }

    /// <summary>At most so many rollouts, and where the next one is.</summary>
    private async Task<(List<(Rollout Rollout, RolloutPosition Position)> Found, RolloutPosition? Next)> FindAsync(
        JobRecord job, RolloutQuery query, int size, CancellationToken cancellation)
    {
        var found = new List<(Rollout, RolloutPosition)>();
        var start = RolloutPosition.Of(query.Request);
        var looked = 0;
        foreach (var step in Steps(job, query).Where(step => start is null || step >= start.Value.Step))
        {
            await using var lines = GroupLines.Open(artifacts.Root, FileOf(job, query.Purpose, step), step == start?.Step ? start.Value.Offset : 0) ?? throw RolloutPosition.Unknown();
            while (await lines.ReadAsync(cancellation) is { } group)
            {
                for (var place = 0; query.Covers(group.Id) && place < group.Rollouts.Length; place++)
                {
                    var position = new RolloutPosition(step, lines.Offset, place);
                    if (start is { } first && position with { Place = first.Place } == first && place < first.Place) continue;
                    if (!query.Covers(group.Rollouts[place])) continue;
                    if (found.Count == size) return (found, position);
                    found.Add((RolloutMessage.Of(group.Id, group.Rollouts[place]), position));
                }
                if (++looked == GroupsLookedAt) return (found, new RolloutPosition(step, lines.Next, 0));
            }
        }
        return (found, null);
    }

    private IEnumerable<int> Steps(JobRecord job, RolloutQuery query)
    {
        if (job.Spec.Method == TrainingMethod.Supervised) return [];
        // A step that is recorded has its file; which versions were evaluated the files alone say.
        var known = query.Purpose == GroupPurpose.Train ? Enumerable.Range(1, job.Step) : Evaluated(job.Spec.JobId);
        return query.Request.HasStep ? known.Where(step => step == query.Request.Step) : known;
    }

    private List<int> Evaluated(string jobId)
    {
        var folder = Path.GetDirectoryName(artifacts.EvalRolloutsFile(jobId, 0))!;
        if (!Directory.Exists(folder)) return [];
        return [.. Directory.EnumerateFiles(folder, "eval-*.jsonl")
            .Select(path => int.Parse(Path.GetFileNameWithoutExtension(path).AsSpan("eval-".Length), NumberStyles.None, CultureInfo.InvariantCulture)).Order()];
    }

    private string FileOf(JobRecord job, GroupPurpose purpose, int step) =>
        NameOf(purpose == GroupPurpose.Train ? artifacts.RolloutsFile(job.Spec.JobId, step) : artifacts.EvalRolloutsFile(job.Spec.JobId, step));

    // Where the platform keeps its files is no caller's business.
    private string NameOf(string path) => Path.GetRelativePath(artifacts.Root, path);

    private async Task AddPromptsAsync(JobRecord job, GroupPurpose purpose, List<(Rollout Rollout, RolloutPosition)> found, CancellationToken cancellation)
    {
        var file = purpose == GroupPurpose.Train ? artifacts.TrainingPromptsFile(job.Spec.JobId) : artifacts.ValidationPromptsFile(job.Spec.JobId);
        var texts = await PromptTexts.ReadAsync(artifacts.Root, NameOf(file), found.Select(one => one.Rollout.PromptIndex).ToHashSet(), cancellation);
        foreach (var (rollout, _) in found) rollout.Prompt = texts[rollout.PromptIndex];
    }
}
