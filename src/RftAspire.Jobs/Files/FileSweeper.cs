using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace RftAspire.Jobs.Files;

/// <summary>Deletes files and uploads that have expired, and what killed processes have left of others.</summary>
public sealed partial class FileSweeper(
    FileStore files,
    UploadStore uploads,
    DeleteFile deleteFile,
    IOptions<JobsOptions> options,
    TimeProvider clock,
    ILogger<FileSweeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.FileSweepInterval, clock);
        do
        {
            try
            {
                await SweepAsync();
            }
            catch (Exception error) when (error is RedisException or TimeoutException or IOException or UnauthorizedAccessException)
            {
                LogFailed(error.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Deletes what is due now.</summary>
    public async Task SweepAsync()
    {
        foreach (var (tenant, id) in await files.DueAsync())
        {
            if (UploadStore.IsUpload(id)) await uploads.RemoveAsync(tenant, id);
            else if (await files.RecordAsync(tenant, id) is not { } file) await files.RemoveBytesAsync(tenant, id);
            else if (await deleteFile.ReaderAsync(id) is null) await files.DeleteAsync(tenant, file);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired files could not be deleted, trying again: {Reason}")]
    private partial void LogFailed(string reason);
}
