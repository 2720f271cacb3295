using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Jobs.Metrics;

/// <summary>A row for each step that was trained or evaluated, under the names of OpenAI's result files.</summary>
internal sealed class ResultTable(Job job)
{
    private static readonly CsvConfiguration s_format = new(CultureInfo.InvariantCulture) { NewLine = "\n" };

    private readonly MetricColumn[] _columns = [.. MetricColumn.Of(job), .. MetricsView.GradersOf(job).SelectMany(MetricColumn.Of)];
    private readonly SortedDictionary<int, double?[]> _rows = [];

    public void Add(JobEvent happened)
    {
        if (happened.StepTrained is { } step) Add(step.Step, new MetricMap(step.Metrics), ofEval: false);
        if (happened.EvalCompleted is { } eval) Add(eval.Step, new MetricMap(eval.Metrics), ofEval: true);
    }

    public void Write(Stream stream)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        using var csv = new CsvWriter(writer, s_format);
        csv.WriteField("step");
        foreach (var column in _columns) csv.WriteField(column.Name);
        csv.NextRecord();
        foreach (var (step, row) in _rows)
        {
            csv.WriteField(step);
            foreach (var value in row) csv.WriteField(value?.ToString(CultureInfo.InvariantCulture));
            csv.NextRecord();
        }
    }

    private void Add(int step, MetricMap metrics, bool ofEval)
    {
        if (!_rows.TryGetValue(step, out var row)) _rows[step] = row = new double?[_columns.Length];
        for (var i = 0; i < row.Length; i++)
            if (_columns[i].OfEval == ofEval) row[i] = _columns[i].Read(metrics);
    }
}
