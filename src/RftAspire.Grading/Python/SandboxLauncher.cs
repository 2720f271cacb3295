using System.Collections.Concurrent;
using System.Diagnostics;

namespace RftAspire.Grading.Python;

/// <summary>
/// Starts processes from one thread that lives as long as the service. A process that asks to die with its parent dies with the
/// thread that started it, and those of the thread pool come and go.
/// </summary>
internal sealed class SandboxLauncher : IDisposable
{
    private readonly BlockingCollection<Action> _starts = [];
    private readonly Thread _thread;

    public SandboxLauncher()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "sandbox launcher" };
        _thread.Start();
    }

    /// <summary>Throws <see cref="SandboxException"/> where the program cannot be started.</summary>
    public async Task<Process> StartAsync(SandboxCommand command)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _starts.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(command.StartInfo())!);
            }
            catch (Exception error) when (error is System.ComponentModel.Win32Exception or IOException)
            {
                started.SetException(new SandboxException($"{command.Program} does not start: {error.Message}"));
            }
        });
        return await started.Task;
    }

    public void Dispose()
    {
        _starts.CompleteAdding();
        _thread.Join();
        _starts.Dispose();
    }

    private void Run()
    {
        foreach (var start in _starts.GetConsumingEnumerable()) start();
    }
}
