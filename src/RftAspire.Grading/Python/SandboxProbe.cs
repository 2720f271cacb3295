namespace RftAspire.Grading.Python;

/// <summary>What keeps a grader's process in.</summary>
public enum SandboxBackend
{
    /// <summary>The program <c>bwrap</c>.</summary>
    Bubblewrap,
    /// <summary>User namespaces through <c>unshare</c>, <c>mount</c> and <c>setpriv</c> of util-linux.</summary>
    Namespaces,
    /// <summary>Nothing but limits: <see cref="PythonOptions.AllowUnsandboxed"/>.</summary>
    Bare,
}

/// <summary>What was found when a process was put into the sandbox and looked at from outside.</summary>
/// <param name="Backend">The sandbox in use; null where none holds.</param>
/// <param name="Layers">The layers that hold, of <see cref="SandboxLayers"/>.</param>
/// <param name="Fault">Why no sandbox is in use, and what to do; null where one is.</param>
public sealed record SandboxProbe(SandboxBackend? Backend, IReadOnlyList<string> Layers, string? Fault)
{
    /// <summary>Tries the sandboxes in turn with a process that is never given a source.</summary>
    internal static async Task<SandboxProbe> FindAsync(PythonOptions options, SandboxLauncher launcher)
    {
        var faults = new List<string>();
        SandboxBackend[] confined = options.Backend is { } chosen ? [chosen] : [SandboxBackend.Bubblewrap, SandboxBackend.Namespaces];
        foreach (var backend in confined.Where(backend => backend != SandboxBackend.Bare).Concat(options.AllowUnsandboxed ? [SandboxBackend.Bare] : []))
        {
            try
            {
                await using var worker = await PythonWorker.StartAsync(backend, options, launcher, CancellationToken.None);
                return new SandboxProbe(backend, worker.Layers, null);
            }
            catch (SandboxException error)
            {
                faults.Add($"{backend}: {error.Message}");
            }
        }
        return new SandboxProbe(null, [], $"no sandbox holds on this machine. {string.Join("; ", faults)}. Install bubblewrap and python3 and let users "
            + $"make user namespaces (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns); {PythonOptions.Section}:AllowUnsandboxed=true "
            + "runs graders bare, on a developer's own machine alone");
    }
}

/// <summary>A sandbox that could not be built, or of which a layer is missing.</summary>
internal sealed class SandboxException(string message) : Exception(message);
