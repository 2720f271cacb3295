namespace RftAspire.Jobs.Files;

/// <summary>The parts of files.</summary>
internal static class FilesRegistration
{
    public static void AddFiles(this IServiceCollection services)
    {
        services.AddSingleton<FileStore>().AddSingleton<StagingFolder>().AddSingleton<IngestionChecks>();
        services.AddSingleton<UploadFile>().AddSingleton<ReceiveFile>().AddSingleton<ReadFiles>().AddSingleton<DeleteFile>();
        services.AddSingleton<UploadStore>().AddSingleton<UploadParts>();
        services.AddHostedService(provider => provider.GetRequiredService<StagingFolder>());
        services.AddSingleton<FileSweeper>().AddHostedService(provider => provider.GetRequiredService<FileSweeper>());
    }
}
