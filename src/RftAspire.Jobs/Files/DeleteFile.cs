using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Files;

/// <summary>DeleteFile: a file stays as long as an unfinished job reads it.</summary>
public sealed class DeleteFile(FileStore files, JobStore jobs)
{
    public async Task<DeleteFileResponse> RunAsync(Caller caller, string id)
    {
        caller.Target = id;
        var file = await files.FindAsync(caller.Tenant, id) ?? throw ReadFiles.NoSuchFile(id);
        if (await ReaderAsync(id) is { } reader)
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"job {reader} reads file {id}; delete it when the job has ended, or cancel the job"));
        return await files.DeleteAsync(caller.Tenant, file) ? new DeleteFileResponse() : throw ReadFiles.NoSuchFile(id);
    }

    /// <summary>An unfinished job that reads the file.</summary>
    public async Task<string?> ReaderAsync(string id) =>
        (await jobs.ActiveAsync()).Select(job => job.Spec).FirstOrDefault(spec => spec.TrainingDatasetId == id || spec.ValidationDatasetId == id)?.JobId;
}
