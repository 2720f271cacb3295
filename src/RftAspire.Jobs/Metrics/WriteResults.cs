using System.Security.Cryptography;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Metrics;

/// <summary>
/// Puts a job's metrics into a file of its tenant. It happens before the end is recorded, so whoever sees the end finds the file; its id
/// follows from the job's, so a second time writes the same one.
/// </summary>
public sealed class WriteResults(JobStore jobs, FileStore files, TimeProvider clock)
{
    private const int Batch = 256;

    /// <summary>The file's id.</summary>
    public async Task<string> RunAsync(JobRecord job)
    {
        var table = await TableAsync(job);
        var stored = new StoredFile { Id = Ids.ResultFile(job.Spec.JobId), Filename = "step_metrics.csv", Purpose = FilePurpose.Results, CreatedAt = clock.GetUtcNow().ToTimestamp() };
        var path = files.PathOf(stored);
        ArtifactStore.WriteAtomically(path, table.Write);
        using (var file = File.OpenRead(path))
        {
            stored.Bytes = file.Length;
            stored.Digest = Convert.ToHexStringLower(await SHA256.HashDataAsync(file));
        }
        await files.WriteAsync(job.Spec.Tenant, stored);
        return stored.Id;
    }

    private async Task<ResultTable> TableAsync(JobRecord job)
    {
        var table = new ResultTable(job.ToMessage());
        for (long after = 0; ;)
        {
            var events = await jobs.EventsAsync(job.Spec.JobId, after, Batch);
            foreach (var happened in events) table.Add(happened);
            if (events.Length < Batch) return table;
            after = events[^1].Sequence;
        }
    }
}
