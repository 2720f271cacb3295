namespace RftAspire.Grading.Python;

/// <summary>What came of one call of a grader: a reward or the reason why there is none.</summary>
public abstract record PythonOutcome
{
    private PythonOutcome()
    {
    }

    /// <summary>What <c>grade</c> returned, a finite number.</summary>
    public sealed record Reward(double Value) : PythonOutcome;

    /// <summary>The call has no reward.</summary>
    /// <param name="Kind">One of <see cref="PythonFaults"/>.</param>
    /// <param name="Message">What happened, at most about 2,000 characters.</param>
    public sealed record Failed(string Kind, string Message) : PythonOutcome;
}

/// <summary>Why a <c>python</c> grader gave no reward.</summary>
public static class PythonFaults
{
    /// <summary>The call was not over at the deadline: endless loops, sleep, children waited for. The worker is killed.</summary>
    public const string Timeout = "python_timeout";

    /// <summary>The grader wanted more memory than it may have.</summary>
    public const string Memory = "python_memory";

    /// <summary>It started more processes or threads than it may have, or left one running.</summary>
    public const string Processes = "python_processes";

    /// <summary>It printed more than it may.</summary>
    public const string Output = "python_output";

    /// <summary>
    /// It raised: type, text and the end of the traceback. A file, socket or system call that the sandbox refuses is an
    /// <c>OSError</c> and ends here, and so do a full <c>/tmp</c> and <c>sys.exit</c>.
    /// </summary>
    public const string Exception = "python_exception";

    /// <summary>It returned something that is no finite number.</summary>
    public const string Result = "python_result";

    /// <summary>Its process ended in the middle of a call, by itself or by a signal, or wrote on the channel of the answers.</summary>
    public const string Died = "python_died";

    /// <summary>The source cannot be loaded: syntax, an import, or no <c>grade</c> with exactly two parameters.</summary>
    public const string Source = "python_source";

    /// <summary>No sandbox holds on this machine, so nothing was run.</summary>
    public const string SandboxUnavailable = "sandbox_unavailable";
}
