using System.Text.Json;

namespace RftAspire.Ingestion;

/// <summary>What the sound rows of a file have in their columns: kinds of value, and rows without a value.</summary>
internal sealed class ColumnSurvey
{
    // Bounds memory and the work a row can cost.
    private const int MaxColumns = 1000;

    private readonly Dictionary<string, Column> _columns = new(StringComparer.Ordinal);
    private int _rows;
    private int _firstLine;
    private int? _lineWithMore;

    public void Add(JsonElement row, int line)
    {
        if (_rows == 0) _firstLine = line;
        foreach (var field in row.EnumerateObject())
        {
            if (!field.NameEquals("messages")) Find(field.Name, line)?.Add(field.Value.ValueKind, line);
        }
        _rows++;
        foreach (var column in _columns.Values) column.EndRow(line, _rows);
    }

    public IEnumerable<(int Line, Fault Fault)> Faults(IReadOnlySet<string> required)
    {
        if (_lineWithMore is { } line)
            yield return (line, new Fault("too_many_columns", $"the rows have more than {MaxColumns} different fields; put varying names into an array"));
        foreach (var (name, column) in _columns.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            foreach (var fault in column.MixedKinds(name)) yield return fault;
            // A field that fewer than half of the rows have is taken for optional.
            if (column.FirstMissing is { } missing && column.Count * 2 > _rows && !required.Contains(name))
                yield return (missing, new Fault("missing_column", $"the field \"{Excerpt.Of(name)}\" is missing here, and from {_rows - column.Count} of {_rows} rows in all; add it if a grader refers to it", Rejects: false));
        }
    }

    private Column? Find(string name, int line)
    {
        if (_columns.TryGetValue(name, out var column)) return column;
        if (_columns.Count == MaxColumns)
        {
            _lineWithMore ??= line;
            return null;
        }
        return _columns[name] = new Column(_rows > 0 ? _firstLine : null);
    }

    private sealed class Column(int? firstMissing)
    {
        private static readonly JsonValueKind[] s_containers = [JsonValueKind.Array, JsonValueKind.Object];
        private readonly List<KindCount> _kinds = [];

        public int Count { get; private set; }
        public int? FirstMissing { get; private set; } = firstMissing;

        public void Add(JsonValueKind kind, int line)
        {
            if (kind == JsonValueKind.False) kind = JsonValueKind.True;
            var index = _kinds.FindIndex(seen => seen.Kind == kind);
            if (index < 0) _kinds.Add(new KindCount(kind, 1, line));
            else _kinds[index] = _kinds[index] with { Count = _kinds[index].Count + 1 };
            Count++;
        }

        public void EndRow(int line, int rows)
        {
            if (Count < rows) FirstMissing ??= line;
        }

        public IEnumerable<(int Line, Fault Fault)> MixedKinds(string name)
        {
            // MaxBy takes the first of equals, so a tie goes to the kind seen first.
            var usual = _kinds.MaxBy(kind => kind.Count);
            return _kinds.Where(kind => kind != usual).Select(kind => (kind.FirstLine, new Fault("mixed_types",
                $"the field \"{Excerpt.Of(name)}\" is {Name(kind.Kind)} here, {kind.Count} times in all, but {Name(usual.Kind)} {usual.Count} times; write {Name(usual.Kind)} on every row",
                Rejects: Clash(kind.Kind, usual.Kind))));
        }

        // A grader that iterates over an array would grade the letters of a text. Null is a missing value, and a doubt.
        private static bool Clash(JsonValueKind one, JsonValueKind other) =>
            (s_containers.Contains(one) || s_containers.Contains(other)) && one != JsonValueKind.Null && other != JsonValueKind.Null;

        private static string Name(JsonValueKind kind) => kind switch
        {
            JsonValueKind.Array => "an array",
            JsonValueKind.Object => "an object",
            JsonValueKind.String => "text",
            JsonValueKind.Number => "a number",
            JsonValueKind.Null => "null",
            _ => "true or false",
        };
    }

    private readonly record struct KindCount(JsonValueKind Kind, int Count, int FirstLine);
}
