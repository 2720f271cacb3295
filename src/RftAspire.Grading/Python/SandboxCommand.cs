using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace RftAspire.Grading.Python;

/// <summary>The command line that puts a worker into a sandbox.</summary>
internal sealed record SandboxCommand(SandboxBackend Backend, string Program, IReadOnlyList<string> Arguments)
{
    // Numbers that no system hands out: neither to people and services nor to containers.
    private const uint FirstUid = 1_879_100_000;
    private static readonly string[] s_folders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
    private static readonly string[] s_devices = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];
    private static readonly string s_worker = Resource("confine.py") + Resource("worker.py");
    private static readonly string s_enter = Resource("enter.sh");
    private static uint s_uids;

    public static SandboxCommand For(SandboxBackend backend, PythonOptions options) => backend switch
    {
        SandboxBackend.Bubblewrap => Confined(backend, Tool("bwrap"), Bubblewrap(options), options),
        SandboxBackend.Namespaces => Confined(backend, Tool("unshare"), Namespaces(options), options),
        _ => new SandboxCommand(backend, options.Interpreter, [.. Worker(backend, options).Skip(1)]),
    };

    public ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo(Program, Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        // The same order of sets in every process, and no thread per processor in numerical libraries.
        foreach (var name in (string[])["PYTHONHASHSEED", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
            start.Environment[name] = name == "PYTHONHASHSEED" ? "0" : "1";
        return start;
    }

    // As root, the sandbox is entered as a user that owns nothing: limits on processes do not bind root.
    private static SandboxCommand Confined(SandboxBackend backend, string tool, IEnumerable<string> arguments, PythonOptions options)
    {
        var uid = FirstUid + Interlocked.Increment(ref s_uids) % 100_000;
        IEnumerable<string> drop = Environment.IsPrivilegedProcess ? [$"--reuid={uid}", $"--regid={uid}", "--clear-groups"] : [];
        return new(backend, Tool("setpriv"), [.. drop, "--pdeathsig=KILL", "--", tool, .. arguments, .. Worker(backend, options)]);
    }

    private static List<string> Bubblewrap(PythonOptions options)
    {
        List<string> arguments =
        [
            "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1", "--cap-drop", "ALL",
        ];
        foreach (var path in Visible(options))
            arguments.AddRange(Link(path) is { } target ? ["--symlink", target, path] : ["--ro-bind", path, path]);
        foreach (var device in s_devices) arguments.AddRange("--dev-bind", device, device);
        arguments.AddRange("--perms", "0700", "--size", Bytes(options.TemporaryMiB), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--");
        return arguments;
    }

    private static List<string> Namespaces(PythonOptions options)
    {
        List<string> arguments =
        [
            "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child=KILL", "--",
            "/bin/sh", "-c", s_enter, "enter.sh", Bytes(options.TemporaryMiB),
        ];
        foreach (var path in Visible(options)) arguments.AddRange(Link(path) is { } target ? ["link", path, target] : ["bind", path]);
        foreach (var device in s_devices) arguments.AddRange("device", device);
        arguments.Add("--");
        return arguments;
    }

    // Isolated (-I) but for the one variable that makes hashes repeatable, which -I would ignore.
    private static IEnumerable<string> Worker(SandboxBackend backend, PythonOptions options)
    {
        // Outside a namespace of their own, processes are counted together with all of their user's.
        var limits = ProcessLimit.All(options).Where(limit => backend != SandboxBackend.Bare || limit.Resource != "NPROC")
            .ToDictionary(limit => limit.Resource, limit => limit.Most);
        return [options.Interpreter, "-s", "-B", "-c", s_worker, JsonSerializer.Serialize(limits)];
    }

    // What an interpreter needs, and nothing that tells of this machine, its users or its services.
    private static IEnumerable<string> Visible(PythonOptions options)
    {
        IEnumerable<string> files = ["/etc/ld.so.cache", "/etc/alternatives"];
        return s_folders.Where(folder => Directory.Exists(folder) || Link(folder) is not null).Prepend("/usr")
            .Concat(files.Where(Path.Exists))
            .Concat(Prefixes(options.Interpreter).Where(prefix => prefix is not "/" and not "/usr" && !prefix.StartsWith("/usr/", StringComparison.Ordinal)).Distinct());
    }

    // The folder of an interpreter in bin; of a virtual environment its own and that of the interpreter behind it.
    private static IEnumerable<string> Prefixes(string interpreter)
    {
        if (!Path.IsPathRooted(interpreter) || !File.Exists(interpreter))
            throw new SandboxException($"there is no interpreter {interpreter}; install python3, or set {PythonOptions.Section}:Interpreter to an absolute path");
        for (var path = interpreter; path is not null; path = File.ResolveLinkTarget(path, returnFinalTarget: false)?.FullName)
        {
            if (Path.GetDirectoryName(Path.GetDirectoryName(path)) is { } prefix) yield return prefix;
        }
    }

    private static string? Link(string path) => new DirectoryInfo(path).LinkTarget;

    private static string Bytes(int mebibytes) => ((long)mebibytes << 20).ToString(CultureInfo.InvariantCulture);

    private static string Tool(string name) =>
        ((string[])["/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/local/bin/"]).Select(folder => folder + name).FirstOrDefault(File.Exists)
        ?? throw new SandboxException($"there is no program {name}; install {(name == "bwrap" ? "bubblewrap" : "util-linux")}");

    private static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(SandboxCommand).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
