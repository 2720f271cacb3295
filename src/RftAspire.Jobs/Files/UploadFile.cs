using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Ingestion.V1;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Files;

/// <summary>
/// Uploads: receive into staging, have a dataset checked, then reserve the id, move and record. A process killed on the way
/// leaves nothing that the sweeper does not find.
/// </summary>
public sealed class UploadFile(
    ArtifactStore artifacts,
    StagingFolder staging,
    IngestionChecks ingestion,
    FileStore files,
    LimitStore limits,
    IOptions<JobsOptions> options,
    TimeProvider clock)
{
    private const int LongestFilename = 255;
    private const int FindingsShown = 5;
    private const long ShortestLife = 3600;
    private const long LongestLife = 2_592_000;

    private static readonly TimeSpan s_reserved = TimeSpan.FromHours(1);

    /// <summary>A new file to receive bytes into.</summary>
    public async Task<IncomingFile> BeginAsync(Caller caller) => new(artifacts.Root, staging.FileFor(Ids.NewFile()), await MostBytesAsync(caller));

    /// <summary>Bytes that a file of the caller may have.</summary>
    public async Task<long> MostBytesAsync(Caller caller) =>
        Math.Min(options.Value.MaxDatasetBytes, (await limits.ForAsync(caller.Tenant)).FileBytes is > 0 and var most ? most : long.MaxValue);

    /// <summary>Faults of what is said of a file before its bytes.</summary>
    public static void Check(FileHeader header)
    {
        var faults = new List<Violation>();
        var name = header.Filename;
        if (name.Length is 0 or > LongestFilename || name.Any(char.IsControl))
            faults.Add(new Violation("header.filename", $"has {name.Length} characters; give 1 to {LongestFilename} without control characters"));
        else if (name is "." or ".." || name.IndexOfAny(['/', '\\']) >= 0)
            faults.Add(new Violation("header.filename", $"'{name}' is a path; give the name alone"));
        if (header.Purpose.Length > 0 && !FilePurpose.Uploads.Contains(header.Purpose))
            faults.Add(new Violation("header.purpose", $"'{header.Purpose}' is unknown; one of {string.Join(", ", FilePurpose.Uploads)}"));
        if (header.ExpiresAfterSeconds is not 0 and (< ShortestLife or > LongestLife))
            faults.Add(new Violation("header.expires_after_seconds", $"{header.ExpiresAfterSeconds} is out of range; {ShortestLife} to {LongestLife}, or nothing for a file that is kept"));
        if (faults.Count > 0) throw Faults.Invalid(faults);
    }

    /// <summary>Stores what has arrived, if it is sound.</summary>
    /// <param name="caller">Whose file it will be.</param>
    /// <param name="incoming">Its bytes.</param>
    /// <param name="header">What is said of it.</param>
    /// <param name="id">Its id, where that stands already; storing the same file again under it changes nothing.</param>
    public async Task<StoredFile> StoreAsync(Caller caller, IncomingFile incoming, FileHeader header, CancellationToken cancellation, string? id = null)
    {
        Check(header);
        if (incoming.Bytes == 0) throw Faults.Invalid("data", "the file is empty; send at least one line");
        var now = clock.GetUtcNow();
        var stored = new StoredFile
        {
            Id = id ?? Ids.NewFile(),
            Filename = header.Filename,
            Purpose = header.Purpose.Length > 0 ? header.Purpose : FilePurpose.FineTune,
            Bytes = incoming.Bytes,
            Digest = incoming.Finish(),
            CreatedAt = now.ToTimestamp(),
            ExpiresAt = header.ExpiresAfterSeconds > 0 ? now.AddSeconds(header.ExpiresAfterSeconds).ToTimestamp() : null,
        };
        caller.Target = stored.Id;
        if (stored.Purpose == FilePurpose.FineTune) Judge(stored, await ingestion.CheckAsync(incoming.StagedPath, cancellation));
        if ((await limits.ForAsync(caller.Tenant)).DatasetRows is > 0 and var most && stored.Rows > most)
            throw Faults.Invalid("data", $"{stored.Filename} has {stored.Rows} rows, and the tenant may have {most} in one dataset (dataset_rows); send fewer, or have the limit raised");
        await MoveAsync(caller, stored, incoming);
        return stored;
    }

    private static void Judge(StoredFile stored, CheckDatasetResponse check)
    {
        if (check.Verdict is DatasetVerdict.Accept or DatasetVerdict.Warn)
        {
            stored.Rows = check.Rows;
            stored.Warnings.AddRange(check.Findings.Select(finding =>
                new DatasetFinding { Line = finding.Line, Code = finding.Code, Message = finding.Message }));
            return;
        }
        var shown = check.Findings.Take(FindingsShown).Select(finding => new Violation(
            "data", $"{stored.Filename}{(finding.Line > 0 ? $" line {finding.Line}" : "")}: {finding.Message} ({finding.Code})")).ToList();
        var more = check.Findings.Count + check.Omitted - shown.Count;
        if (more > 0) shown.Add(new Violation("data", $"{more} more findings"));
        throw Faults.Invalid(shown);
    }

    private async Task MoveAsync(Caller caller, StoredFile stored, IncomingFile incoming)
    {
        await files.ReserveAsync(caller.Tenant, stored.Id, clock.GetUtcNow() + s_reserved);
        var target = files.PathOf(stored);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(incoming.FullPath, target, overwrite: true);
        var most = (await limits.ForAsync(caller.Tenant)).TotalBytes;
        if (await files.WriteAsync(caller.Tenant, stored, most)) return;
        await files.RemoveBytesAsync(caller.Tenant, stored.Id);
        throw new RpcException(new Status(StatusCode.FailedPrecondition, $"with these {stored.Bytes} bytes the tenant's files would have more than {most}, its limit total_bytes; delete some first"));
    }
}
