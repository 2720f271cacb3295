using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Orchestration;

/// <summary>Stops the application when the `dotnet run` that started it is killed, which cannot pass that on.</summary>
internal sealed class ParentWatch : IDisposable
{
    private readonly CancellationTokenSource stopping = new();

    public static ParentWatch Begin(IHostApplicationLifetime lifetime)
    {
        var watch = new ParentWatch();
        if (DotNetRun() is { } parent) _ = watch.WatchAsync(parent, lifetime);
        return watch;
    }

    public void Dispose()
    {
        stopping.Cancel();
        stopping.Dispose();
    }

    private async Task WatchAsync(Process parent, IHostApplicationLifetime lifetime)
    {
        try
        {
            await parent.WaitForExitAsync(stopping.Token);
            lifetime.StopApplication();
        }
        catch (OperationCanceledException)
        {
            // The application ended first.
        }
        finally
        {
            parent.Dispose();
        }
    }

    private static Process? DotNetRun()
    {
        try
        {
            var id = int.Parse(File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ')[1], CultureInfo.InvariantCulture);
            var words = File.ReadAllText($"/proc/{id}/cmdline").Split('\0');
            return words.Length > 1 && Path.GetFileName(words[0]) == "dotnet" && words.Contains("run") ? Process.GetProcessById(id) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
