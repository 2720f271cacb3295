using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;

namespace RftAspire.Grading.Rollouts;

/// <summary>What grading needs of one job: its grader and the rows that its prompts came from.</summary>
public sealed class GradingJob
{
    private readonly Lazy<PromptRow[]> _training;
    private readonly Lazy<PromptRow[]> _validation;

    /// <summary>Throws <see cref="GraderException"/> where the grader cannot be used here.</summary>
    public GradingJob(ArtifactStore store, GraderFactory graders, string jobId)
    {
        Definition = GraderDefinition.Parse(ArtifactStore.ReadJson<JobSpec>(store.JobSpecFile(jobId)).GraderJson);
        Grader = graders.Create(Definition);
        // Publication only: a load that failed is tried again by the next message.
        _training = new(() => ReadRows(store.TrainingPromptsFile(jobId)), LazyThreadSafetyMode.PublicationOnly);
        _validation = new(() => ReadRows(store.ValidationPromptsFile(jobId)), LazyThreadSafetyMode.PublicationOnly);
    }

    public GraderDefinition Definition { get; }

    public IGrader Grader { get; }

    /// <summary>The row of a group: of the training file, or of the validation file for evals.</summary>
    public JsonElement Item(GroupId id)
    {
        var rows = id.Purpose == GroupPurpose.Train ? _training.Value : _validation.Value;
        return id.PromptIndex >= 0 && id.PromptIndex < rows.Length
            ? rows[id.PromptIndex].Item
            : throw new InvalidDataException($"{id} names prompt {id.PromptIndex} of {rows.Length}; the job's prompts file is another one");
    }

    /// <summary>At most so many rows of the training file, evenly spread.</summary>
    public IReadOnlyList<PromptRow> TrialRows(int count)
    {
        var rows = _training.Value;
        count = Math.Min(count, rows.Length);
        return [.. Enumerable.Range(0, count).Select(i => rows[(long)i * rows.Length / count])];
    }

    private static PromptRow[] ReadRows(string path) => [.. File.ReadLines(path).Select(line => JsonSerializer.Deserialize<PromptRow>(line, ArtifactStore.Json)!)];
}

/// <summary>The jobs that were graded last; a job's spec and prompts never change, so nothing goes stale.</summary>
public sealed class GradingJobs(ArtifactStore store, GraderFactory graders)
{
    private const int Capacity = 8;
    private readonly Lock _lock = new();
    private readonly LinkedList<(string Id, GradingJob Job)> _latestFirst = [];

    /// <summary>Throws where the job's spec cannot be read, to be tried again.</summary>
    public GradingJob Get(string jobId)
    {
        lock (_lock)
        {
            if (Find(jobId) is { } node) _latestFirst.Remove(node);
            else node = new((jobId, new GradingJob(store, graders, jobId)));
            _latestFirst.AddFirst(node);
            if (_latestFirst.Count > Capacity) _latestFirst.RemoveLast();
            return node.Value.Job;
        }
    }

    private LinkedListNode<(string Id, GradingJob Job)>? Find(string jobId)
    {
        for (var node = _latestFirst.First; node is not null; node = node.Next)
        {
            if (node.Value.Id == jobId) return node;
        }
        return null;
    }
}
