using System.ComponentModel.DataAnnotations;

namespace RftAspire.Grading.Python;

/// <summary>Settings of the sandbox for <c>python</c> graders, section <c>Grading:Python</c>.</summary>
public sealed class PythonOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Grading:Python";

    /// <summary>Absolute path of the interpreter; one outside <c>/usr</c> gets its own folder, read-only, into the sandbox.</summary>
    [Required]
    public string Interpreter { get; set; } = "/usr/bin/python3";

    /// <summary>Grader calls at once; 0 takes one per processor.</summary>
    [Range(0, 1024)]
    public int Workers { get; set; }

    /// <summary>Idle workers kept warm, of all graders together; the longest unused goes first.</summary>
    [Range(0, 1024)]
    public int IdleWorkers { get; set; } = 16;

    /// <summary>How long an idle worker is kept.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan IdleLifetime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>After so many calls a worker is replaced, and with it whatever the grader has left in its memory.</summary>
    [Range(1, int.MaxValue)]
    public int CallsPerWorker { get; set; } = 10_000;

    /// <summary>How long one call, or the loading of a source, may take; then the worker is killed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Address space of each process of a worker, and memory of all together where control groups can be made, in MiB.</summary>
    [Range(64, 1 << 20)]
    public int MemoryMiB { get; set; } = 2048;

    /// <summary>Processes and threads of a worker, itself included.</summary>
    [Range(1, 4096)]
    public int Processes { get; set; } = 32;

    /// <summary>Open files of each process.</summary>
    [Range(16, 65536)]
    public int OpenFiles { get; set; } = 64;

    /// <summary>Size of the private folder <c>/tmp</c>, the only place a grader can write to, in MiB.</summary>
    [Range(1, 1 << 20)]
    public int TemporaryMiB { get; set; } = 64;

    /// <summary>What a call may print, in KiB; nobody reads it.</summary>
    [Range(1, 1 << 20)]
    public int OutputKiB { get; set; } = 256;

    /// <summary>Which sandbox to use; null takes the first that holds, bubblewrap before namespaces.</summary>
    public SandboxBackend? Backend { get; set; }

    /// <summary>
    /// Runs graders bare where no sandbox holds: with the rights, files and network of the service. For a developer's own machine
    /// and own graders.
    /// </summary>
    public bool AllowUnsandboxed { get; set; }

    /// <summary>After so much time within calls a worker is replaced, so that a limit on its processor time never strikes a good grader.</summary>
    internal TimeSpan MaxBusy => 4 * Deadline;

    internal int Slots => Workers == 0 ? Environment.ProcessorCount : Workers;
}
