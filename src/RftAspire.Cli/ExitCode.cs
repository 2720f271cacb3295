namespace RftAspire.Cli;

public static class ExitCode
{
    public const int Ok = 0;
    /// <summary>What was asked for was done and came out badly: the job failed, the dataset is rejected.</summary>
    public const int Failed = 1;
    /// <summary>The caller can mend it: wrong arguments, unknown names, bad files.</summary>
    public const int Usage = 2;
    public const int Unreachable = 3;
    public const int Interrupted = 130;
}
