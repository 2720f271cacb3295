using System.Security.Cryptography;
using Grpc.Core;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Files;

/// <summary>A file uploaded in parts, which may come in any order and side by side; completing it names their order.</summary>
public sealed class UploadParts(
    ArtifactStore artifacts,
    StagingFolder staging,
    UploadStore uploads,
    UploadFile uploadFile,
    FileStore files,
    IOptions<JobsOptions> options,
    TimeProvider clock)
{
    /// <summary>Bytes of one part at most.</summary>
    public const long LargestPart = 64 << 20;

    private const int MostParts = 1000;

    public async Task<UploadState> CreateAsync(Caller caller, FileHeader header, long bytes)
    {
        UploadFile.Check(header);
        var most = await uploadFile.MostBytesAsync(caller);
        if (bytes < 1 || bytes > most)
            throw Faults.Invalid("bytes", $"{bytes} is out of range; 1 to {most}, the most that Jobs:MaxDatasetBytes and the tenant's limit file_bytes allow");
        var now = clock.GetUtcNow();
        var upload = new Upload(
            Ids.NewUpload(), header.Filename, header.Purpose, bytes, header.ExpiresAfterSeconds, Ids.NewFile(), now, now + options.Value.UploadLifetime);
        await uploads.CreateAsync(caller.Tenant, upload);
        caller.Target = upload.Id;
        return new UploadState(upload, UploadStore.Pending, new Dictionary<string, long>());
    }

    /// <summary>A part of an open upload to receive bytes into.</summary>
    public async Task<IncomingFile> BeginPartAsync(Caller caller, string id)
    {
        caller.Target = id;
        await OpenAsync(caller, id);
        return new IncomingFile(artifacts.Root, staging.FileFor(Ids.NewPart()), LargestPart);
    }

    public async Task<string> AddAsync(Caller caller, string id, IncomingFile part)
    {
        var state = await OpenAsync(caller, id);
        if (part.Bytes == 0) throw Faults.Invalid("data", "the part is empty; send at least one byte");
        // A part that is sent again after a broken connection counts anew; nobody needs all of them twice.
        if (state.Parts.Count >= MostParts || state.Parts.Values.Sum() + part.Bytes > (2 * state.Upload.Bytes) + LargestPart)
            throw Faults.Invalid("data", $"the upload has {state.Parts.Count} parts of {state.Parts.Values.Sum()} bytes, too many for a file of {state.Upload.Bytes}; start a new upload");
        var partId = Ids.NewPart();
        part.Finish();
        File.Move(part.FullPath, uploads.PartFile(id, partId));
        return await uploads.AddAsync(caller.Tenant, id, partId, part.Bytes) ? partId : throw NotOpen(await FindAsync(caller, id));
    }

    /// <summary>Makes a file of the parts. The same parts again give the same file.</summary>
    public async Task<(UploadState State, StoredFile File)> CompleteAsync(Caller caller, string id, IReadOnlyList<string> parts, string? md5, CancellationToken cancellation)
    {
        caller.Target = id;
        var state = await FindAsync(caller, id);
        Check(state, parts);
        switch (await uploads.WantAsync(caller.Tenant, id, parts))
        {
            case UploadStore.Completed:
                return (state, await files.FindAsync(caller.Tenant, state.Upload.FileId) ?? throw ReadFiles.NoSuchFile(state.Upload.FileId));
            case "other":
                throw Faults.Invalid("part_ids", "are not those that the upload was completed with before");
            case UploadStore.Cancelled:
                throw NotOpen(state);
        }
        try
        {
            return await MakeAsync(caller, state, parts, md5, cancellation);
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.InvalidArgument or StatusCode.FailedPrecondition)
        {
            await uploads.UnwantAsync(caller.Tenant, id);
            throw;
        }
    }

    public async Task<UploadState> CancelAsync(Caller caller, string id)
    {
        caller.Target = id;
        var state = await FindAsync(caller, id);
        if (state.Status == UploadStore.Cancelled) return state;
        return await uploads.CloseAsync(caller.Tenant, id, UploadStore.Cancelled) ? state with { Status = UploadStore.Cancelled } : throw NotOpen(await FindAsync(caller, id));
    }

    private async Task<(UploadState, StoredFile)> MakeAsync(Caller caller, UploadState state, IReadOnlyList<string> parts, string? md5, CancellationToken cancellation)
    {
        var upload = state.Upload;
        using var incoming = await uploadFile.BeginAsync(caller);
        var found = await JoinAsync(upload, parts, incoming, cancellation);
        if (md5 is not null && !found.Equals(md5, StringComparison.OrdinalIgnoreCase))
            throw Faults.Invalid("md5", $"is not that of the parts in this order, which is {found}");
        var header = new FileHeader { Filename = upload.Filename, Purpose = upload.Purpose, ExpiresAfterSeconds = upload.ExpiresAfterSeconds };
        var file = await uploadFile.StoreAsync(caller, incoming, header, cancellation, upload.FileId);
        if (await uploads.CloseAsync(caller.Tenant, upload.Id, UploadStore.Completed)) return (state with { Status = UploadStore.Completed }, file);
        var now = await FindAsync(caller, upload.Id);
        if (now.Status == UploadStore.Completed) return (now, file);
        await files.DeleteAsync(caller.Tenant, file);
        throw NotOpen(now);
    }

    private async Task<string> JoinAsync(Upload upload, IReadOnlyList<string> parts, IncomingFile incoming, CancellationToken cancellation)
    {
        // The caller's checksum of a transfer, no proof of anything.
#pragma warning disable CA5351
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
        var buffer = new byte[128 << 10];
        foreach (var part in parts)
        {
            await using var bytes = File.OpenRead(uploads.PartFile(upload.Id, part));
            while (await bytes.ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                digest.AppendData(buffer, 0, read);
                if (!await incoming.AppendAsync(buffer.AsMemory(0, read), cancellation)) throw Faults.Invalid("bytes", $"the parts have more than {incoming.MostBytes} bytes");
            }
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private static void Check(UploadState state, IReadOnlyList<string> parts)
    {
        if (parts.Count == 0) throw Faults.Invalid("part_ids", "are missing; name the parts in the order of the file");
        if (parts.FirstOrDefault(part => !state.Parts.ContainsKey(part)) is { } unknown) throw Faults.Invalid("part_ids", $"'{unknown}' is no part of this upload");
        if (parts.Distinct().Count() < parts.Count) throw Faults.Invalid("part_ids", "name a part twice");
        var sum = parts.Sum(part => state.Parts[part]);
        if (sum != state.Upload.Bytes) throw Faults.Invalid("part_ids", $"have {sum} bytes together; the upload was started for {state.Upload.Bytes}");
    }

    private async Task<UploadState> OpenAsync(Caller caller, string id) =>
        await FindAsync(caller, id) is { Status: UploadStore.Pending } state ? state : throw NotOpen(await FindAsync(caller, id));

    private async Task<UploadState> FindAsync(Caller caller, string id) =>
        await uploads.FindAsync(caller.Tenant, id) is { } state && state.Upload.ExpiresAt > clock.GetUtcNow()
            ? state
            : throw new RpcException(new Status(StatusCode.NotFound, $"there is no upload '{id}', or it has expired; start a new one"));

    private static RpcException NotOpen(UploadState state) =>
        new(new Status(StatusCode.FailedPrecondition, $"upload {state.Upload.Id} is {state.Status}; start a new one"));
}
