using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Aspire.Hosting.Orchestration;

/// <summary>A process group that ends with this host: on request, on its own, or because the host died.</summary>
internal sealed class SupervisedProcess
{
    private static readonly string Script = ReadScript();

    private readonly Process supervisor;
    private readonly TaskCompletionSource<int> pid = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<string, bool> onLine;

    private SupervisedProcess(Process supervisor, Action<string, bool> onLine)
    {
        this.supervisor = supervisor;
        this.onLine = onLine;
        Exited = RunAsync();
    }

    /// <summary>The id of the command's own process, or 0 if it never came to run.</summary>
    public Task<int> Pid => pid.Task;

    /// <summary>The exit code; 128 + n after signal n.</summary>
    public Task<int> Exited { get; }

    public static SupervisedProcess Start(ProcessSpec spec, IReadOnlyDictionary<string, string> environment, Action<string, bool> onLine)
    {
        var info = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = spec.WorkingDirectory,
        };
        var grace = ((int)(spec.Grace.TotalSeconds * 10)).ToString(CultureInfo.InvariantCulture);
        foreach (var arg in (string[])["sh", "-c", Script, "supervise", grace, spec.LockFile ?? "-", spec.FileName, .. spec.Args]) info.ArgumentList.Add(arg);
        info.Environment.Clear();
        foreach (var (name, value) in environment) info.Environment[name] = value;
        return new(Launch(info), onLine);
    }

    /// <summary>Asks the group to end, and kills what is left after the time of grace.</summary>
    public Task<int> StopAsync()
    {
        supervisor.StandardInput.Close();
        return Exited;
    }

    private static Process Launch(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info)!;
        }
        catch (Win32Exception failure)
        {
            throw new DistributedApplicationException(
                $"Cannot run 'setsid' in '{info.WorkingDirectory}': {failure.Message}. The folder must exist, and processes are run with the tools of util-linux.", failure);
        }
    }

    private async Task<int> RunAsync()
    {
        var output = ReadAsync(supervisor.StandardOutput, isError: false);
        var errors = ReadAsync(supervisor.StandardError, isError: true);
        await supervisor.WaitForExitAsync();
        // A process that left its group may still hold the pipes; its words are not worth waiting for.
        await Task.WhenAny(Task.WhenAll(output, errors), Task.Delay(TimeSpan.FromSeconds(1)));
        pid.TrySetResult(0);
        var code = supervisor.ExitCode;
        supervisor.Dispose();
        return code;
    }

    private async Task ReadAsync(StreamReader reader, bool isError)
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
            {
                if (!isError && !pid.Task.IsCompleted && int.TryParse(line, out var id)) pid.TrySetResult(id);
                else onLine(line, isError);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            // The supervisor is gone and its pipe with it.
        }
    }

    private static string ReadScript()
    {
        using var stream = typeof(SupervisedProcess).Assembly.GetManifestResourceStream("supervise.sh")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
