using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Grading.V1;
using Part = RftAspire.Contracts.Grading.V1.TestRequest.PartOneofCase;

namespace RftAspire.Grading.Workbench;

/// <summary>Reads what a caller of Test sends.</summary>
public sealed class TestRequests(ArtifactStore store)
{
    private const int MaxRows = 50_000;
    private const int MaxAnswers = 100_000;
    private const long MaxBytes = 256L << 20;

    /// <summary>Setup and rows; throws a caller's mistake with the field at fault.</summary>
    public async Task<(TestSetup Setup, IReadOnlyList<AnsweredRow> Rows)> ReadAsync(IAsyncStreamReader<TestRequest> parts, CancellationToken cancellation)
    {
        if (!await parts.MoveNext(cancellation) || parts.Current.PartCase != Part.Setup)
            throw InvalidRequest.Of("setup", "missing; the first request must carry it, the rows come after");
        var setup = parts.Current.Setup;
        WorkbenchGraders.Define("setup.grader_json", setup.GraderJson);
        CheckOptions(setup.Options ?? new TestOptions());
        var (answers, ratings) = (Column("setup.answer_column", setup.AnswerColumn, AnswerColumn.Parse), Column("setup.reference_column", setup.ReferenceColumn, RatingColumn.Parse));
        var rows = new Rows(this, setup.DatasetId.Length > 0 ? Dataset(setup.DatasetId) : null);
        while (await parts.MoveNext(cancellation)) rows.Add(parts.Current);
        return (setup, [.. rows.All().Select(row => Mistake("setup", () => Answered(row.Row, row.Answers, answers, ratings)))]);
    }

    /// <summary>One row in a field of a request.</summary>
    public PromptRow Row(string field, string json, int line) => Mistake(field, () => TestRows.Read(json, line));

    private static AnsweredRow Answered(PromptRow row, List<TestAnswer> sent, AnswerColumn? answers, RatingColumn? ratings)
    {
        var rating = ratings?.Of(row.Item, $"line {row.Line}");
        var given = sent.Select(answer => new RatedAnswer(answer.OutputText, answer.HasReference ? answer.Reference : rating));
        return new AnsweredRow(row, [.. answers is null ? given : given.Append(new RatedAnswer(answers.Of(row), rating))]);
    }

    private PromptRow[] Dataset(string id)
    {
        if (!ArtifactStore.IsId(id) || !File.Exists(store.DatasetFile(id)))
            throw InvalidRequest.Of("setup.dataset_id", $"there is no dataset '{id}'; give the id that UploadFile returned, or send the rows");
        return Mistake("setup.dataset_id", () => TestRows.ReadFile(store.DatasetFile(id)).Take(MaxRows + 1).ToArray()) is { Length: <= MaxRows } rows
            ? rows
            : throw InvalidRequest.Of("setup.dataset_id", $"more than {MaxRows} rows; test a part of the dataset");
    }

    private static void CheckOptions(TestOptions options)
    {
        var faults = new List<Violation>();
        if (options.HasPassMark && !double.IsFinite(options.PassMark)) faults.Add(new("setup.options.pass_mark", $"{options.PassMark} is no finite number"));
        if (!double.IsFinite(options.EmptyMark)) faults.Add(new("setup.options.empty_mark", $"{options.EmptyMark} is no finite number"));
        AtLeastOne(options.HasExploitRows, options.ExploitRows, "exploit_rows");
        AtLeastOne(options.HasRolloutsPerStep, options.RolloutsPerStep, "rollouts_per_step");
        AtLeastOne(options.HasSteps, options.Steps, "steps");
        if (faults.Count > 0) throw InvalidRequest.Of(faults);

        void AtLeastOne(bool isSet, int value, string name)
        {
            if (isSet && value < 1) faults.Add(new($"setup.options.{name}", $"{value} is out of range; at least 1"));
        }
    }

    private static T? Column<T>(string field, string text, Func<string, T> parse) where T : class => text.Length == 0 ? null : Mistake(field, () => parse(text));

    private static T Mistake<T>(string field, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidDataException error)
        {
            throw InvalidRequest.Of(field, error.Message);
        }
    }

    // Rows that are sent, or those of a dataset to which answers are sent.
    private sealed class Rows(TestRequests requests, PromptRow[]? dataset)
    {
        private readonly List<(PromptRow Row, List<TestAnswer> Answers)> _rows = [.. (dataset ?? []).Select(row => (row, new List<TestAnswer>()))];
        private readonly Dictionary<int, int> _byLine = (dataset ?? []).Index().ToDictionary(row => row.Item.Line, row => row.Index);
        private int _sent;
        private int _answers;
        private long _bytes;

        public void Add(TestRequest request)
        {
            if (request.PartCase != Part.Row) throw InvalidRequest.Of("setup", "came a second time; send one setup, then rows");
            if (++_sent > MaxRows || (_answers += request.Row.Answers.Count) > MaxAnswers || (_bytes += request.CalculateSize()) > MaxBytes)
                throw InvalidRequest.Of("row", $"more than {MaxRows} rows, {MaxAnswers} answers or {MaxBytes >> 20} MiB; test a part of the dataset");
            var row = request.Row;
            if (dataset is null)
                _rows.Add((requests.Row("row.row_json", row.RowJson, row.Line > 0 ? row.Line : _sent), [.. row.Answers]));
            else if (row.RowJson.Length > 0)
                throw InvalidRequest.Of("row.row_json", "comes with setup.dataset_id; leave out one of the two");
            else if (!_byLine.TryGetValue(row.Line, out var at))
                throw InvalidRequest.Of("row.line", $"{row.Line} is no row of the dataset; give the 1-based line");
            else
                _rows[at].Answers.AddRange(row.Answers);
        }

        public List<(PromptRow Row, List<TestAnswer> Answers)> All() => _rows.Count > 0
            ? _rows
            : throw InvalidRequest.Of("row", "there are none; send rows, or name a dataset in the setup");
    }
}
