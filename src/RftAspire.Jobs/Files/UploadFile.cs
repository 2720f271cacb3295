using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Ingestion.V1;
using RftAspire.Contracts.Jobs.V1;
using Part = RftAspire.Contracts.Jobs.V1.UploadFileRequest.PartOneofCase;

namespace RftAspire.Jobs.Files;

/// <summary>
/// UploadFile: receive into staging, have it checked, then record and move. The record comes before the move, since a record
/// without a file is nothing to anyone while a file without a record would lie there for good.
/// </summary>
public sealed class UploadFile(
    ArtifactStore artifacts,
    StagingFolder staging,
    IngestionChecks ingestion,
    FileStore datasets,
    IOptions<JobsOptions> options,
    TimeProvider clock)
{
    private const int LargestChunk = 1 << 20;
    private const int LongestFilename = 255;
    private const int FindingsShown = 5;

    public async Task<StoredFile> RunAsync(IAsyncStreamReader<UploadFileRequest> parts, CancellationToken cancellation)
    {
        var stored = new StoredFile { Id = Ids.NewFile(), Purpose = "fine-tune", CreatedAt = clock.GetUtcNow().ToTimestamp() };
        var path = staging.FileFor(stored.Id);
        var file = Path.Combine(artifacts.Root, path);
        try
        {
            stored.Filename = await ReceiveHeaderAsync(parts, cancellation);
            stored.Bytes = await ReceiveDataAsync(parts, file, cancellation);
            Judge(stored, await ingestion.CheckAsync(path, cancellation));
            await StoreAsync(stored, file);
            return stored;
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<string> ReceiveHeaderAsync(IAsyncStreamReader<UploadFileRequest> parts, CancellationToken cancellation)
    {
        if (!await parts.MoveNext(cancellation)) throw Faults.Invalid("header", "the stream is empty; send a header first, then the file's bytes");
        if (parts.Current.PartCase != Part.Header) throw Faults.Invalid("header", "missing; the first request must carry it, the data comes after");
        var filename = parts.Current.Header.Filename;
        if (filename.Length is 0 or > LongestFilename || filename.Any(char.IsControl))
            throw Faults.Invalid("header.filename", $"has {filename.Length} characters; give 1 to {LongestFilename} without control characters");
        return filename;
    }

    private async Task<long> ReceiveDataAsync(IAsyncStreamReader<UploadFileRequest> parts, string file, CancellationToken cancellation)
    {
        await using var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        while (await parts.MoveNext(cancellation))
        {
            await stream.WriteAsync(Data(parts.Current), cancellation);
            if (stream.Position > options.Value.MaxDatasetBytes)
                throw Faults.Invalid("data", $"more than {options.Value.MaxDatasetBytes} bytes, the most that Jobs:MaxDatasetBytes allows; send less or raise it");
        }
        if (stream.Position == 0) throw Faults.Invalid("data", "the file is empty; send at least one line");
        stream.Flush(flushToDisk: true);
        return stream.Position;
    }

    private static ReadOnlyMemory<byte> Data(UploadFileRequest part) => part.PartCase switch
    {
        Part.Data when part.Data.Length <= LargestChunk => part.Data.Memory,
        Part.Data => throw Faults.Invalid("data", $"a chunk of {part.Data.Length} bytes; send at most {LargestChunk} at once"),
        Part.Header => throw Faults.Invalid("header", "came a second time; send one header, and each file in a call of its own"),
        _ => throw Faults.Invalid("part", "missing; each request after the header must carry data"),
    };

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

    private async Task StoreAsync(StoredFile stored, string file)
    {
        var target = artifacts.DatasetFile(stored.Id);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        await datasets.WriteAsync(stored);
        try
        {
            File.Move(file, target);
        }
        catch (IOException)
        {
            await datasets.DeleteAsync(stored.Id);
            throw;
        }
    }
}
