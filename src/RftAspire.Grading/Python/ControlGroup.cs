using System.Globalization;

namespace RftAspire.Grading.Python;

/// <summary>Bounds memory and processes of a worker's processes together, where this service may make control groups (version 1 or 2).</summary>
internal sealed class ControlGroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private static readonly bool s_isSecond = File.Exists($"{Root}/cgroup.controllers");
    private static int s_groups;
    private readonly string[] _folders;

    private ControlGroup(string[] folders) => _folders = folders;

    /// <summary>Whether the kernel has killed a process of the group for want of memory.</summary>
    public bool IsOutOfMemory
    {
        get
        {
            try
            {
                return File.ReadLines($"{_folders[0]}/{(s_isSecond ? "memory.events" : "memory.oom_control")}").Any(line => line.StartsWith("oom_kill ", StringComparison.Ordinal) && line != "oom_kill 0");
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>Null where groups cannot be made: not root, or the file system is read-only.</summary>
    public static ControlGroup? TryCreate(PythonOptions options, params ReadOnlySpan<int> processes)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"rft-grader-{Environment.ProcessId}-{Interlocked.Increment(ref s_groups)}");
        var group = new ControlGroup(s_isSecond ? [$"{Root}/{name}"] : [$"{Root}/memory/{name}", $"{Root}/pids/{name}"]);
        try
        {
            foreach (var folder in group._folders) Directory.CreateDirectory(folder);
            File.WriteAllText($"{group._folders[0]}/{(s_isSecond ? "memory.max" : "memory.limit_in_bytes")}", $"{(long)options.MemoryMiB << 20}");
            // The launcher around the worker is one more.
            File.WriteAllText($"{group._folders[^1]}/pids.max", $"{options.Processes + 1}");
            foreach (var folder in group._folders)
            {
                foreach (var process in processes) File.WriteAllText($"{folder}/cgroup.procs", $"{process}");
            }
            return group;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            group.Dispose();
            return null;
        }
    }

    /// <summary>All of its processes have ended.</summary>
    public void Dispose()
    {
        foreach (var folder in _folders)
        {
            try
            {
                if (Directory.Exists(folder)) Directory.Delete(folder);
            }
            catch (IOException)
            {
                // A process is still on its way out; an empty group does no harm.
            }
        }
    }
}
