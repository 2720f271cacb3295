using RftAspire.Contracts.Messages;

namespace RftAspire.Ingestion;

/// <summary>One fault, or a doubt if it does not reject, before it is given its line and file.</summary>
/// <param name="Code">Stable snake_case name.</param>
/// <param name="Message">What is wrong, and how to mend it.</param>
/// <param name="Rejects">Whether the dataset cannot be used.</param>
/// <param name="EndsFile">Whether every further line would be at fault in the same way.</param>
internal readonly record struct Fault(string Code, string Message, bool Rejects = true, bool EndsFile = false);

/// <summary>Collects findings in bounded memory; a flood of doubts never hides a fault.</summary>
internal sealed class Findings
{
    private readonly List<DatasetFinding> _faults = [];
    private readonly List<DatasetFinding> _doubts = [];
    private int _count;

    public DatasetVerdict Verdict =>
        _faults.Count > 0 ? DatasetVerdict.Reject : _doubts.Count > 0 ? DatasetVerdict.Warn : DatasetVerdict.Accept;

    public void Add(int? line, Fault fault)
    {
        _count++;
        var list = fault.Rejects ? _faults : _doubts;
        if (list.Count < DatasetReport.MaxFindings) list.Add(new DatasetFinding(line, fault.Code, fault.Message));
    }

    public DatasetReport Report(int rows, int validationRows)
    {
        // Faults first: whoever shows only the first few must not show doubts alone.
        var listed = _faults.OrderBy(fault => fault.Line ?? 0).Concat(_doubts.OrderBy(doubt => doubt.Line ?? 0)).Take(DatasetReport.MaxFindings).ToArray();
        return new DatasetReport(Verdict, rows, validationRows, listed, _count - listed.Length);
    }
}
