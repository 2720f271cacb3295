using RftAspire.Grading.Python;

namespace RftAspire.Services.Tests.Grading.Python;

/// <summary>A body of <c>grade(sample, item)</c>, the only kind that fits what it does, and what the message must name.</summary>
public sealed record HostileGrader(string Kind, string Names, string Body)
{
    /// <summary>What stands before the function.</summary>
    public string Head { get; init; } = "import ctypes, errno, os, signal, socket, sys, threading, time\n";

    public string Source => $"{Head}def grade(sample, item):\n{string.Join('\n', Body.Split('\n').Select(line => "    " + line))}\n";

    /// <summary>Over at once, whatever the deadline.</summary>
    public static IReadOnlyDictionary<string, HostileGrader> Quick { get; } = new Dictionary<string, HostileGrader>
    {
        ["fork bomb"] = new(PythonFaults.Processes, "BlockingIOError", "while True: os.fork()"),
        ["thread bomb"] = new(PythonFaults.Processes, "new thread", "while True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()"),
        ["daemon of a double fork"] = new(PythonFaults.Processes, "leaves a process", """
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(1000)
                os._exit(0)
            return 1.0
            """),
        ["memory bomb"] = new(PythonFaults.Memory, "more memory", "kept = []\nwhile True: kept.append(bytearray(1 << 24))"),
        ["memory at once"] = new(PythonFaults.Memory, "more memory", "return float(len(bytearray(10 ** 11)))"),
        ["10 GB of output"] = new(PythonFaults.Output, "KiB", "for _ in range(10 ** 4): print('x' * 10 ** 6)"),
        ["output past print"] = new(PythonFaults.Output, "KiB", "while True: os.write(2, b'x' * 65536)"),
        ["socket"] = new(PythonFaults.Exception, "PermissionError", "socket.create_connection(('127.0.0.1', 5672))"),
        ["raw socket"] = new(PythonFaults.Exception, "PermissionError", "socket.socket(socket.AF_INET, socket.SOCK_RAW)"),
        ["users of the machine"] = new(PythonFaults.Exception, "FileNotFoundError", "open('/etc/passwd').read()"),
        ["environment of the service"] = new(PythonFaults.Exception, "FileNotFoundError", "open('/proc/1/environ').read()"),
        ["memory of the service"] = new(PythonFaults.Exception, "FileNotFoundError", "open(f'/proc/{os.getppid()}/mem', 'rb').read()"),
        ["root of another process"] = new(PythonFaults.Exception, "FileNotFoundError", "os.listdir('/proc/self/root/proc/1/root')"),
        ["symbolic link out"] = new(PythonFaults.Exception, "FileNotFoundError", "os.symlink('/../../etc/shadow', 'link')\nopen('link').read()"),
        ["hard link out"] = new(PythonFaults.Exception, "OSError", "os.link('/usr/bin/env', 'link')"),
        ["file in a system folder"] = new(PythonFaults.Exception, "Read-only file system", "open('/usr/bin/planted', 'w')"),
        ["file in the root"] = new(PythonFaults.Exception, "Read-only file system", "open('/planted', 'w')"),
        ["full temporary folder"] = new(PythonFaults.Exception, "OSError", "for name in 'ab':\n    with open(name, 'wb') as file:\n        for _ in range(60): file.write(b'x' * (1 << 20))"),
        ["signal to everybody"] = new(PythonFaults.Exception, "ProcessLookupError", "os.kill(-1, signal.SIGKILL)"),
        ["mount"] = new(PythonFaults.Exception, "EPERM", Call("mount(b'none', b'/tmp', b'tmpfs', 0, None)")),
        ["nested user namespace"] = new(PythonFaults.Exception, "EPERM", Call("unshare(0x10000000)")),
        ["outliving the service"] = new(PythonFaults.Exception, "EPERM", Call("prctl(1, 0, 0, 0, 0)")),
        ["back to root"] = new(PythonFaults.Exception, "PermissionError", "for uid in range(3):\n    if uid != os.getuid(): os.setuid(uid)"),
        ["exit"] = new(PythonFaults.Exception, "SystemExit", "sys.exit(0)"),
        ["deep recursion"] = new(PythonFaults.Exception, "RecursionError", "return grade(sample, item)"),
        ["a megabyte of text"] = new(PythonFaults.Exception, "ValueError: xxx", "raise ValueError('x' * 10 ** 6)"),
        ["an exception without text"] = new(PythonFaults.Exception, "its text cannot be read", "raise Mute()") { Head = "class Mute(Exception):\n    def __str__(self): raise ValueError\n" },
        ["immediate exit"] = new(PythonFaults.Died, "exit code 3", "os._exit(3)"),
        ["wild pointer"] = new(PythonFaults.Died, "SIGSEGV", "ctypes.string_at(1)"),
        ["another program"] = new(PythonFaults.Died, "channel", "os.execv('/usr/bin/sleep', ['sleep', '1000'])"),
        ["closed channel"] = new(PythonFaults.Died, "channel", "os.closerange(0, 64)\ntime.sleep(1000)"),
        ["scribbled channel"] = new(PythonFaults.Died, "channel", "for descriptor in range(3, 64):\n    try: os.write(descriptor, b'{\"reward\": 1e9, \"number\": 2}' * 9)\n    except OSError: pass\ntime.sleep(1000)"),
        ["forged answer"] = new(PythonFaults.Died, "channel", """
            for descriptor in range(3, 64):
                try: os.write(descriptor, (28).to_bytes(4, 'big') + b'{"reward": NaN, "number": 2}')
                except OSError: pass
            time.sleep(1000)
            """),
        ["text for a reward"] = new(PythonFaults.Result, "str 'much'", "return 'much'"),
        ["nothing for a reward"] = new(PythonFaults.Result, "NoneType", "pass"),
        ["NaN"] = new(PythonFaults.Result, "nan", "return float('nan')"),
        ["infinity"] = new(PythonFaults.Result, "inf", "return -float('inf')"),
        ["a whole number beyond all doubles"] = new(PythonFaults.Result, "OverflowError", "return 10 ** 400"),
    };

    /// <summary>Over at the deadline, or not at all.</summary>
    public static IReadOnlyDictionary<string, HostileGrader> Endless { get; } = new Dictionary<string, HostileGrader>
    {
        ["endless loop"] = new(PythonFaults.Timeout, "1 s", "while True: pass"),
        ["sleep"] = new(PythonFaults.Timeout, "1 s", "time.sleep(1000)"),
        ["deaf to signals"] = new(PythonFaults.Timeout, "1 s", "for number in range(1, 65):\n    try: signal.signal(number, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True:\n    try: time.sleep(1000)\n    except BaseException: pass"),
        ["stubborn fork bomb"] = new(PythonFaults.Processes, "at the deadline", "while True:\n    try: os.fork()\n    except OSError: time.sleep(0.01)"),
    };

    // A system call through the C library, as the exception that Python would raise.
    private static string Call(string call) =>
        $"libc = ctypes.CDLL(None, use_errno=True)\nif libc.{call} != 0: raise OSError(errno.errorcode[ctypes.get_errno()])\nreturn 1.0";
}
