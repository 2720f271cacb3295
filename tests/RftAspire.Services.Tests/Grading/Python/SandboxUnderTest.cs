using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RftAspire.Grading.Python;

namespace RftAspire.Services.Tests.Grading.Python;

/// <summary>A sandbox whose processes can be told from all others of this machine.</summary>
internal sealed class SandboxUnderTest : IAsyncDisposable
{
    private static int s_sandboxes;
    // Every worker's command line has its limits, and no two sandboxes of a test run have the same.
    private readonly string _mark;

    public SandboxUnderTest(SandboxBackend? backend, Action<PythonOptions>? change = null)
    {
        Options = new PythonOptions
        {
            Backend = backend,
            Workers = 2,
            Processes = 16,
            MemoryMiB = 512 + Interlocked.Increment(ref s_sandboxes),
        };
        change?.Invoke(Options);
        _mark = $"\"AS\": {(long)Options.MemoryMiB << 20},".Replace(" ", "", StringComparison.Ordinal);
        Sandbox = new PythonSandbox(Options, NullLogger<PythonSandbox>.Instance);
    }

    public PythonOptions Options { get; }

    public PythonSandbox Sandbox { get; }

    /// <summary>All processes of its workers, by their numbers on this machine: workers, launchers around them, what graders started.</summary>
    public IReadOnlyList<int> Processes => [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName)
        .Where(name => int.TryParse(name, out var id) && IsMine(id)).Select(name => int.Parse(name!))];

    public Task<PythonOutcome> GradeAsync(string source, string sample = "{}", string item = "{}") =>
        Sandbox.GradeAsync(source, Encoding.UTF8.GetBytes($$"""{"sample":{{sample}},"item":{{item}}}"""), CancellationToken.None);

    public ValueTask DisposeAsync() => Sandbox.DisposeAsync();

    private bool IsMine(int process)
    {
        try
        {
            return process != Environment.ProcessId
                && File.ReadAllText($"/proc/{process}/cmdline").Contains(_mark, StringComparison.Ordinal)
                && !File.ReadLines($"/proc/{process}/status").Any(line => line.StartsWith("State:\tZ", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false; // It ended meanwhile.
        }
    }

    /// <summary>Waits for what the kernel does by itself.</summary>
    public static async Task UntilAsync(Func<bool> holds)
    {
        for (var started = Stopwatch.GetTimestamp(); !holds(); await Task.Delay(10))
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30), "it never came about");
    }
}

/// <summary>A test of the sandbox that a program builds; skipped where the program is missing.</summary>
public sealed class SandboxFactAttribute : FactAttribute
{
    public SandboxFactAttribute(SandboxBackend backend) => Skip = SandboxTools.MissingFor(backend);
}

/// <summary>A test of the sandbox that a program builds; skipped where the program is missing.</summary>
public sealed class SandboxTheoryAttribute : TheoryAttribute
{
    public SandboxTheoryAttribute(SandboxBackend backend) => Skip = SandboxTools.MissingFor(backend);
}

internal static class SandboxTools
{
    public static string? MissingFor(SandboxBackend backend)
    {
        string[] tools = backend == SandboxBackend.Bubblewrap ? ["python3", "setpriv", "bwrap"] : ["python3", "setpriv", "unshare", "mount"];
        return tools.FirstOrDefault(tool => !File.Exists($"/usr/bin/{tool}")) is { } missing ? $"there is no /usr/bin/{missing}" : null;
    }
}
