using RftAspire.Contracts;

namespace RftAspire.Jobs.Files;

/// <summary>
/// This process's folder for uploads that are not checked yet. A lock file tells the folder of a running process from what a
/// dead one left, which the next start deletes.
/// </summary>
public sealed class StagingFolder(ArtifactStore artifacts) : IHostedService, IDisposable
{
    private const string LockExtension = ".lock";

    private readonly string _name = Guid.NewGuid().ToString("N");
    private FileStream? _lock;

    private string All => Path.Combine(artifacts.Root, "staging");

    /// <summary>A new upload's file, relative to the artifact store's root.</summary>
    public string FileFor(string datasetId) => Path.Combine("staging", _name, datasetId + ".jsonl");

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(All);
        foreach (var path in Directory.EnumerateFiles(All, "*" + LockExtension)) Sweep(path);
        _lock = new FileStream(Path.Combine(All, _name + LockExtension), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        Directory.CreateDirectory(Path.Combine(All, _name));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        if (_lock is null) return;
        Directory.Delete(Path.Combine(All, _name), recursive: true);
        _lock.Dispose();
        _lock = null;
    }

    private static void Sweep(string lockFile)
    {
        try
        {
            using var held = new FileStream(lockFile, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            var folder = Path.ChangeExtension(lockFile, null);
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // Held by a running process, or swept by one that starts beside this one.
        }
    }
}
