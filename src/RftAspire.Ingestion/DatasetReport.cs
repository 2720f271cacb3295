using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;

namespace RftAspire.Ingestion;

/// <summary>What the checks say of a dataset as a whole.</summary>
public enum DatasetVerdict
{
    Accept,
    Warn,
    Reject,
}

/// <summary>Result of <see cref="DatasetChecker.Check"/>.</summary>
/// <param name="Verdict">Reject if any finding forbids the use of the dataset, warn if any raises a doubt.</param>
/// <param name="Rows">Sound rows of the training file.</param>
/// <param name="ValidationRows">Sound rows of the validation file.</param>
/// <param name="Findings">At most <see cref="MaxFindings"/>, rejecting ones first, then the others, each in line order.</param>
/// <param name="Omitted">How many findings were left out.</param>
public sealed record DatasetReport(
    DatasetVerdict Verdict, int Rows, int ValidationRows, DatasetFinding[] Findings, int Omitted)
{
    public const int MaxFindings = 100;
}

/// <summary>Limits of the checks.</summary>
public sealed record DatasetCheckOptions
{
    /// <summary>UTF-8 bytes of text in all messages of a row. The default is far above any model's context here.</summary>
    public int MaxPromptBytes { get; init; } = 64 * 1024;

    /// <summary>Longer lines are refused without being held in memory.</summary>
    public int MaxLineBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Rows end with the assistant's answer, which is learned, in place of the user's message, which is to be answered.</summary>
    public bool Answered { get; init; }

    /// <summary>What the job's grader reads of every row.</summary>
    public IReadOnlyList<GraderColumn> Columns { get; init; } = [];
}
