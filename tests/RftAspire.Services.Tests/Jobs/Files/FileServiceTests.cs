using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Files;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs.Files;

/// <summary>The gRPC face of files.</summary>
public sealed class FileServiceTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Upload_OtherPurpose_IsStoredUncheckedWithItsDigest()
    {
        var file = await UploadAsync("bad but nobody looks\n", new FileHeader { Filename = "a.bin", Purpose = "user_data", ExpiresAfterSeconds = 3600 });

        Assert.Equal(("user_data", 0, 21L), (file.Purpose, file.Rows, file.Bytes));
        Assert.Equal(TimeSpan.FromHours(1), file.ExpiresAt.ToDateTimeOffset() - file.CreatedAt.ToDateTimeOffset());
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("bad but nobody looks\n"u8)), file.Digest);
        Assert.Equal("bad but nobody looks\n", await DownloadAsync(file.Id));
        Assert.Equal(file, await service.FileClient.GetFileAsync(new() { FileId = file.Id }));
    }

    public static TheoryData<string, FileHeader> Faulty() => new()
    {
        { "header.filename", new FileHeader { Filename = "../../etc/passwd" } },
        { "header.filename", new FileHeader { Filename = @"a\b" } },
        { "header.filename", new FileHeader { Filename = ".." } },
        { "header.filename", new FileHeader { Filename = "a\r\nSet-Cookie: x=1" } },
        { "header.filename", new FileHeader { Filename = new string('a', 256) } },
        { "header.purpose", new FileHeader { Filename = "a", Purpose = "fine-tune-results" } },
        { "header.expires_after_seconds", new FileHeader { Filename = "a", ExpiresAfterSeconds = 3599 } },
        { "header.expires_after_seconds", new FileHeader { Filename = "a", ExpiresAfterSeconds = -1 } },
    };

    [RedisTheory, MemberData(nameof(Faulty))]
    public async Task Upload_FaultyHeader_NamesTheFieldAndStoresNothing(string field, FileHeader header)
    {
        var before = await ListAsync(new());

        var error = await FailsAsync(() => UploadAsync(GoodRow, header), StatusCode.InvalidArgument);

        Assert.Equal([field], Fields(error));
        Assert.Equal(before, await ListAsync(new()));
    }

    [RedisFact]
    public async Task List_PagesAndOrders_AreThoseAsked()
    {
        var files = new List<StoredFile>();
        for (var i = 0; i < 3; i++) files.Add(await UploadAsync("x", new FileHeader { Filename = $"{i}.txt", Purpose = "vision" }));

        var newest = await service.FileClient.ListFilesAsync(new() { Purpose = "vision", PageSize = 2 });
        var rest = await service.FileClient.ListFilesAsync(new() { Purpose = "vision", PageSize = 2, After = newest.Files[^1].Id });
        var oldest = await service.FileClient.ListFilesAsync(new() { Purpose = "vision", Ascending = true });

        Assert.Equal([true, false, false], [newest.HasMore, rest.HasMore, oldest.HasMore]);
        Assert.Equal(files.Select(file => file.Id).Order(), newest.Files.Concat(rest.Files).Select(file => file.Id).Order());
        Assert.Equal(oldest.Files.Reverse(), newest.Files.Concat(rest.Files));
        Assert.Equal(["page_size"], Fields(await FailsAsync(() => ListAsync(new() { PageSize = 10_001 }), StatusCode.InvalidArgument)));
        Assert.Equal(["after"], Fields(await FailsAsync(() => ListAsync(new() { After = "file-none" }), StatusCode.InvalidArgument)));
        Assert.Equal(["purpose"], Fields(await FailsAsync(() => ListAsync(new() { Purpose = "fun" }), StatusCode.InvalidArgument)));
    }

    [RedisFact]
    public async Task Delete_File_IsUnknownFromThenOnAndLeavesNoBytes()
    {
        var file = await UploadAsync(GoodRow, new FileHeader { Filename = "gone.jsonl" });

        await service.FileClient.DeleteFileAsync(new() { FileId = file.Id });

        Assert.False(File.Exists(service.Artifacts.DatasetFile(file.Id)));
        await FailsAsync(async () => await service.FileClient.GetFileAsync(new() { FileId = file.Id }), StatusCode.NotFound);
        await FailsAsync(async () => await service.FileClient.DeleteFileAsync(new() { FileId = file.Id }), StatusCode.NotFound);
        await FailsAsync(() => DownloadAsync(file.Id), StatusCode.NotFound);
        Assert.DoesNotContain(file, await ListAsync(new()));
    }

    [RedisFact]
    public async Task Delete_FileOfAnUnfinishedJob_IsRefused()
    {
        var request = await service.RequestAsync();
        var job = await service.Client.CreateJobAsync(request);

        var error = await FailsAsync(async () => await service.FileClient.DeleteFileAsync(new() { FileId = request.TrainingDatasetId }), StatusCode.FailedPrecondition);

        Assert.Contains(job.Id, error.Status.Detail, StringComparison.Ordinal);
        Assert.True(File.Exists(service.Artifacts.DatasetFile(request.TrainingDatasetId)));
    }

    [RedisTheory, InlineData("file-none"), InlineData("../../etc/passwd"), InlineData(""), InlineData("file-\n")]
    public async Task Get_UnknownId_IsNotFound(string id) =>
        await FailsAsync(async () => await service.FileClient.GetFileAsync(new() { FileId = id }), StatusCode.NotFound);

    [RedisFact]
    public async Task Find_FileOfAnotherTenant_IsUnknown()
    {
        var store = service.Services.GetRequiredService<FileStore>();
        var file = await UploadAsync("x", new FileHeader { Filename = "a", Purpose = "evals" });

        Assert.NotNull(await store.FindAsync("default", file.Id));
        Assert.Null(await store.FindAsync("other", file.Id));
        Assert.Empty((await store.ListAsync("other", "", "", false, 10))!);
    }

    [RedisFact]
    public async Task Sweep_WhatIsDue_IsDeleted()
    {
        var store = service.Services.GetRequiredService<FileStore>();
        var file = await UploadAsync("x", new FileHeader { Filename = "a", Purpose = "batch", ExpiresAfterSeconds = 3600 });
        var kept = await UploadAsync("x", new FileHeader { Filename = "b", Purpose = "batch" });
        // A process that died between moving the bytes and recording them leaves this.
        var orphan = service.Artifacts.OtherFile("file-orphan");
        await File.WriteAllTextAsync(orphan, "x");
        await store.ReserveAsync("default", "file-orphan", DateTimeOffset.UnixEpoch);
        await store.ReserveAsync("default", file.Id, DateTimeOffset.UnixEpoch);

        await service.Services.GetRequiredService<FileSweeper>().SweepAsync();

        Assert.False(File.Exists(orphan));
        Assert.False(File.Exists(store.PathOf(file)));
        Assert.Null(await store.FindAsync("default", file.Id));
        Assert.NotNull(await store.FindAsync("default", kept.Id));
        Assert.Empty(await store.DueAsync());
    }

    [RedisFact]
    public async Task Write_MoreThanTheTenantMayHave_IsRefused()
    {
        var store = service.Services.GetRequiredService<FileStore>();
        StoredFile File(string id, long bytes) => new() { Id = id, Bytes = bytes, Purpose = "evals", CreatedAt = new() };

        Assert.True(await store.WriteAsync("small", File("file-1", 60), 100));
        Assert.True(await store.WriteAsync("small", File("file-1", 60), 100));
        Assert.False(await store.WriteAsync("small", File("file-2", 60), 100));
        Assert.True(await store.DeleteAsync("small", File("file-1", 60)));
        Assert.True(await store.WriteAsync("small", File("file-2", 60), 100));
    }

    private Task<StoredFile> UploadAsync(string text, FileHeader header) => service.UploadAsync([new() { Header = header }, Data(text)]);

    private async Task<IList<StoredFile>> ListAsync(ListFilesRequest request) => (await service.FileClient.ListFilesAsync(request)).Files;

    private async Task<string> DownloadAsync(string id)
    {
        using var call = service.FileClient.DownloadFile(new() { FileId = id });
        var bytes = ByteString.Empty;
        await foreach (var piece in call.ResponseStream.ReadAllAsync()) bytes = ByteString.CopyFrom([.. bytes, .. piece.Data]);
        return bytes.ToStringUtf8();
    }
}
