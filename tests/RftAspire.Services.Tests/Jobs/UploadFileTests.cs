using Google.Protobuf;
using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs;

public sealed class UploadFileTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Upload_SoundFile_IsStoredByteForByte()
    {
        var dataset = await service.UploadAsync([Header("r.jsonl"), Data("first\nodd "), Data("line\n")]);

        Assert.Equal(("r.jsonl", 15, 2), (dataset.Filename, dataset.Bytes, dataset.Rows));
        Assert.Equal((2, "odd_line"), (dataset.Warnings.Single().Line, dataset.Warnings.Single().Code));
        Assert.Equal("first\nodd line\n", await File.ReadAllTextAsync(service.Artifacts.DatasetFile(dataset.Id)));
        Assert.DoesNotContain(service.StoredFiles(), file => file.Contains("staging", StringComparison.Ordinal));
    }

    [RedisFact]
    public async Task Upload_RejectedFile_NamesTheLinesAndLeavesNothing()
    {
        var before = service.StoredFiles().Order().ToArray();

        var error = await FailsAsync(() => service.UploadAsync("fine\nbad\n" + string.Concat(Enumerable.Repeat("bad\n", 6))), StatusCode.InvalidArgument);

        Assert.StartsWith("data: rows.jsonl line 2: the line is bad (bad_line); data: rows.jsonl line 3:", error.Status.Detail, StringComparison.Ordinal);
        Assert.EndsWith("2 more findings", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Repeat("data", 6), Fields(error));
        Assert.Equal(before, service.StoredFiles().Order());
    }

    public static TheoryData<string, string, UploadFileRequest[]> Faulty() => new()
    {
        { "header", "the stream is empty", [] },
        { "header", "missing; the first request must carry it", [Data("x")] },
        { "header", "came a second time", [Header("a"), Header("b")] },
        { "header.filename", "has 0 characters", [Header("")] },
        { "data", "the file is empty", [Header("a")] },
        { "part", "missing", [Header("a"), new UploadFileRequest()] },
        { "data", "a chunk of 1048577 bytes", [Header("a"), new UploadFileRequest { Data = ByteString.CopyFrom(new byte[(1 << 20) + 1]) }] },
        { "data", "more than 3000000 bytes", [Header("a"), Chunk(), Chunk(), Chunk()] },
    };

    [RedisTheory]
    [MemberData(nameof(Faulty))]
    public async Task Upload_FaultyStream_NamesTheFaultAndLeavesNothing(string field, string text, UploadFileRequest[] parts)
    {
        var before = service.StoredFiles().Order().ToArray();

        var error = await FailsAsync(() => service.UploadAsync(parts), StatusCode.InvalidArgument);

        Assert.StartsWith($"{field}: {text}", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal([field], Fields(error));
        Assert.Equal(before, service.StoredFiles().Order());
    }

    [RedisFact]
    public async Task Upload_ChecksFail_IsUnavailableAndLeavesNothing()
    {
        var before = service.StoredFiles().Order().ToArray();

        var error = await FailsAsync(() => service.UploadAsync("broken"), StatusCode.Unavailable);

        Assert.Contains("services:ingestion:grpc:0", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(before, service.StoredFiles().Order());
    }

    [RedisFact]
    public async Task Upload_ClientGoesAway_LeavesNothing()
    {
        var staging = Path.Combine(service.Artifacts.Root, "staging");
        using var gone = new FileSystemWatcher(staging) { IncludeSubdirectories = true, EnableRaisingEvents = true };
        var (made, deleted) = (new TaskCompletionSource(), new TaskCompletionSource());
        gone.Created += (_, _) => made.TrySetResult();
        gone.Deleted += (_, _) => deleted.TrySetResult();
        var call = service.FileClient.UploadFile();
        await call.RequestStream.WriteAsync(Header("a"));
        await call.RequestStream.WriteAsync(Data("half"));
        await made.Task.WaitAsync(TimeSpan.FromSeconds(20));

        call.Dispose();

        await deleted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain(service.StoredFiles(), file => file.StartsWith(staging, StringComparison.Ordinal));
    }

    private static UploadFileRequest Chunk() => new() { Data = ByteString.CopyFrom(new byte[1 << 20]) };
}
