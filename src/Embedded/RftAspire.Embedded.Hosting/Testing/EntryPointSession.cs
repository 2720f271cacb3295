using System.Reflection;

namespace Aspire.Hosting.Testing;

/// <summary>A test's hold on an AppHost's entry point: it runs on a thread of its own and pauses before it builds.</summary>
internal sealed class EntryPointSession(Assembly assembly, string[] args, Action<DistributedApplicationOptions>? configure)
{
    private static readonly AsyncLocal<EntryPointSession?> Ambient = new();
    private readonly TaskCompletionSource<DistributedApplicationBuilder> builder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource permission = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> application = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? temporaryFolder;

    public static EntryPointSession? Current => Ambient.Value;
    public Assembly Assembly { get; } = assembly;
    public Task Ended => ended.Task;

    public Task<DistributedApplicationBuilder> RunEntryPointAsync()
    {
        var thread = new Thread(() =>
        {
            Ambient.Value = this;
            RunEntryPoint();
        })
        { IsBackground = true, Name = $"Entry point of {Assembly.GetName().Name}" };
        thread.Start();
        return builder.Task;
    }

    public Task<DistributedApplication> BuildAsync()
    {
        permission.TrySetResult();
        return application.Task;
    }

    public void Prepare(DistributedApplicationOptions options)
    {
        options.DisableDashboard = true;
        options.Args = [.. Defaults(), .. args];
        configure?.Invoke(options);
    }

    public void AwaitPermissionToBuild(DistributedApplicationBuilder ready)
    {
        builder.TrySetResult(ready);
        permission.Task.GetAwaiter().GetResult();
    }

    public void OnBuilt(DistributedApplication built) => application.TrySetResult(built);

    /// <summary>Gives up an application that was not built; one that was ends by its own disposal.</summary>
    public void Abandon()
    {
        if (!permission.Task.IsCompleted) OnDisposed();
    }

    public void OnDisposed()
    {
        permission.TrySetCanceled();
        ended.TrySetResult();
        if (temporaryFolder is { } folder && Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private void RunEntryPoint()
    {
        try
        {
            var entryPoint = Assembly.EntryPoint ?? throw new InvalidOperationException($"'{Assembly.GetName().Name}' has no entry point.");
            var result = entryPoint.Invoke(null, BindingFlags.DoNotWrapExceptions, null, entryPoint.GetParameters().Length == 0 ? [] : [args], null);
            if (result is Task task) task.GetAwaiter().GetResult();
            Fail(new InvalidOperationException("The entry point ended without building an application."));
        }
        catch (Exception failure)
        {
            // The test is told; nobody else awaits this thread.
            Fail(failure);
        }
    }

    private void Fail(Exception failure)
    {
        builder.TrySetException(failure);
        application.TrySetException(failure);
    }

    // A test shares neither ports nor data with anything unless it says so.
    private IEnumerable<string> Defaults()
    {
        yield return "--DcpPublisher:RandomizePorts=true";
        if (args.Any(arg => arg.Contains(Orchestration.DataDirectory.Setting, StringComparison.OrdinalIgnoreCase))) yield break;
        temporaryFolder = Directory.CreateTempSubdirectory("aspire-test-").FullName;
        yield return $"--{Orchestration.DataDirectory.Setting}={temporaryFolder}";
    }
}
