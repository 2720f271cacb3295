using RftAspire.Contracts.Graders;

namespace RftAspire.Ingestion;

/// <summary>
/// Judges datasets: UTF-8 JSON Lines, one strict object a row, with <c>messages</c> that end with the user's, or the assistant's. Time is linear in the
/// file; memory holds one line, and some 100 bytes a row for the search for repeats.
/// </summary>
public static class DatasetChecker
{
    /// <summary>Judges a training file, and a validation file with it. Bad data is a verdict, never an exception.</summary>
    public static DatasetReport Check(Stream train, Stream? valid = null, DatasetCheckOptions? options = null)
    {
        options ??= new DatasetCheckOptions();
        var findings = new Findings();
        var training = new FileCheck(options, findings, "", leaksFrom: null);
        training.Run(train);
        if (valid is null) return findings.Report(training.Rows, 0);
        var validation = new FileCheck(options, findings, "validation file: ", leaksFrom: training.Prompts);
        validation.Run(valid);
        return findings.Report(training.Rows, validation.Rows);
    }

    /// <summary>Judges files by themselves: as prompts to answer, or as answered conversations where that is what they are.</summary>
    /// <param name="train">Read twice, so it must be able to seek.</param>
    /// <param name="valid">Likewise.</param>
    public static DatasetReport CheckEither(Stream train, Stream? valid = null)
    {
        var prompts = Check(train, valid);
        if (prompts.Verdict != DatasetVerdict.Reject) return prompts;
        train.Position = 0;
        if (valid is not null) valid.Position = 0;
        var answered = Check(train, valid, new DatasetCheckOptions { Answered = true });
        // Where it is neither, what it is closer to.
        return answered.Verdict != DatasetVerdict.Reject || Findings(answered) < Findings(prompts) ? answered : prompts;

        static int Findings(DatasetReport report) => report.Findings.Length + report.Omitted;
    }

    private sealed class FileCheck(DatasetCheckOptions options, Findings findings, string prefix, PromptDigests? leaksFrom)
    {
        private readonly ColumnSurvey _columns = new();

        public PromptDigests Prompts { get; } = new();
        public int Rows { get; private set; }

        public void Run(Stream stream)
        {
            var reader = new RowReader(options);
            var anyRow = false;
            foreach (var row in reader.Read(stream))
            {
                anyRow = true;
                foreach (var fault in row.Faults) Add(row.Line, fault);
                if (row.IsSound) CheckSound(row);
            }
            if (reader.Lines == 0) Add(null, new Fault("empty_file", "the file has no bytes; write one JSON object a line"));
            else if (!anyRow) Add(null, new Fault("no_rows", "the file holds only blank lines; write one JSON object a line"));
            var required = options.Columns.Select(column => column.Path.Root!).ToHashSet();
            foreach (var (line, fault) in _columns.Faults(required)) Add(line, fault);
        }

        private void CheckSound(DatasetRow row)
        {
            Rows++;
            _columns.Add(row.Value, row.Line);
            foreach (var column in options.Columns) CheckColumn(row, column);
            if (Prompts.Add(row.Messages, row.Line) is { } first)
                Add(row.Line, new Fault("duplicate_rows", $"the prompt repeats that of line {first}; keep one of the two", Rejects: false));
            if (leaksFrom is not null) CheckLeak(row, leaksFrom);
        }

        private void CheckColumn(DatasetRow row, GraderColumn column)
        {
            if (column.Path.Find(row.Value) is not { } value)
                Add(row.Line, new Fault("missing_column", $"the grader reads {{{{item.{column.Path}}}}}, and the row has no such value; add \"{column.Path}\" to the row"));
            else if (ColumnChecks.Fault(column.Kind, value) is { } expected)
                Add(row.Line, new Fault("invalid_reference", $"the grader reads {{{{item.{column.Path}}}}}, and it is {Excerpt.Of(value)}; write {expected}"));
        }

        private void CheckLeak(DatasetRow row, PromptDigests training)
        {
            if (training.FindExact(row.Messages) is { } same)
                Add(row.Line, new Fault("train_valid_leak", $"the prompt of line {row.Line} is that of line {same} of the training file; remove it from one of the two"));
            else if (training.FindNear(row.Messages) is { } near)
                Add(row.Line, new Fault("train_valid_leak", $"the prompt of line {row.Line} is that of line {near} of the training file but for case and white space; remove it from one of the two", Rejects: false));
        }

        private void Add(int? line, Fault fault) => findings.Add(line, fault with { Message = prefix + fault.Message });
    }
}
