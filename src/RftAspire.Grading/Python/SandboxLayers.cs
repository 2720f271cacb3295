using System.Globalization;

namespace RftAspire.Grading.Python;

/// <summary>What the kernel says from outside of a worker's process: its word is not asked.</summary>
public static class SandboxLayers
{
    /// <summary>A user that is not root.</summary>
    public const string User = "unprivileged user";

    /// <summary>Own users, processes, network, mounts, interprocess objects and host name.</summary>
    public const string Namespaces = "namespaces";

    /// <summary>Nothing can be written but the temporary folder, whose size is limited.</summary>
    public const string Files = "read-only files";

    /// <summary>No capability, and none to be had.</summary>
    public const string Privileges = "no privileges";

    /// <summary>Limits on memory, processes, files and processor time.</summary>
    public const string Limits = "limits";

    /// <summary>A session of its own: no terminal.</summary>
    public const string Session = "own session";

    /// <summary>A filter of system calls, which also blocks new namespaces and sockets. Not on every processor.</summary>
    public const string SystemCalls = "system-call filter";

    /// <summary>A control group that bounds memory and processes of all its processes together. Where groups can be made.</summary>
    public const string ControlGroup = "control group";

    /// <summary>Without these nothing is run.</summary>
    internal static readonly string[] Required = [User, Namespaces, Files, Privileges, Limits, Session];

    private static readonly string[] s_namespaces = ["user", "pid", "net", "mnt", "ipc", "uts"];

    /// <summary>The layers that hold for a process.</summary>
    internal static IReadOnlyList<string> Of(int process, PythonOptions options)
    {
        var proc = $"/proc/{process}/";
        var status = File.ReadLines(proc + "status").Select(line => line.Split(':', 2)).ToDictionary(line => line[0], line => line[1].Trim());
        List<(string Layer, bool Holds)> layers =
        [
            (User, status["Uid"].Split('\t').All(uid => uid != "0")),
            (Namespaces, s_namespaces.All(name => IsOwn(proc, name))),
            (Files, File.ReadLines(proc + "mountinfo").All(line => IsSafe(line, options))),
            (Privileges, status["NoNewPrivs"] == "1" && status.Where(field => field.Key.StartsWith("Cap", StringComparison.Ordinal)).All(field => field.Value.All(digit => digit == '0'))),
            (Limits, HasLimits(proc, options)),
            (Session, SessionOf(proc) == process),
            (SystemCalls, status.GetValueOrDefault("Seccomp") == "2"),
        ];
        return [.. layers.Where(layer => layer.Holds).Select(layer => layer.Layer)];
    }

    private static bool IsOwn(string proc, string name) =>
        new FileInfo($"{proc}ns/{name}").LinkTarget is { } own && own != new FileInfo($"/proc/self/ns/{name}").LinkTarget;

    // mountinfo: id, parent, device, root, mount point, options, ..., "-", file system, source, its own options.
    private static bool IsSafe(string line, PythonOptions options)
    {
        var fields = line.Split(' ');
        var own = fields.AsSpan(Array.IndexOf(fields, "-") + 1);
        return fields[4] switch
        {
            "/" => own[0] == "tmpfs" && IsReadOnly(fields[5]),
            "/tmp" => own[0] == "tmpfs" && own[2].Split(',').Contains(string.Create(CultureInfo.InvariantCulture, $"size={(long)options.TemporaryMiB << 10}k")),
            "/dev/null" or "/dev/zero" or "/dev/random" or "/dev/urandom" => true,
            _ => IsReadOnly(fields[5]),
        };
    }

    private static bool IsReadOnly(string options) => options.Split(',').Contains("ro");

    private static bool HasLimits(string proc, PythonOptions options)
    {
        var lines = File.ReadAllLines(proc + "limits");
        return ProcessLimit.All(options).All(limit =>
            lines.FirstOrDefault(line => line.StartsWith(limit.Title, StringComparison.Ordinal)) is { } line
            && line[limit.Title.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var hard, ..]
            && long.TryParse(hard, CultureInfo.InvariantCulture, out var most) && most <= limit.Most);
    }

    // After the name in parentheses: state, parent, group, session.
    private static int SessionOf(string proc)
    {
        var stat = File.ReadAllText(proc + "stat");
        return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[3], CultureInfo.InvariantCulture);
    }
}
