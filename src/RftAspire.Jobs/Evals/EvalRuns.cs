using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.Models;
using Status = Grpc.Core.Status;

namespace RftAspire.Jobs.Evals;

/// <summary>Create, read, cancel and delete runs, and read their output items.</summary>
public sealed class EvalRuns(EvalStore evals, ArtifactStore artifacts, FileStore files, ModelFolders models, EvalRunSignal signal, TimeProvider clock)
{
    private const int MostRows = 50_000;
    private static readonly EvalRunState[] s_going = [EvalRunState.Queued, EvalRunState.InProgress];

    public async Task<EvalRun> CreateAsync(Caller caller, CreateEvalRunRequest request)
    {
        var eval = await evals.FindAsync(caller.Tenant, request.EvalId) ?? throw EditEvals.NoSuchEval(request.EvalId);
        var faults = new List<Violation>();
        EditEvals.CheckWords(request.Name, request.Metadata, faults);
        MessageSize.Check(request, "data_source_json", faults);
        if (faults.Count > 0) throw Faults.Invalid(faults);
        var source = Parse(request.DataSourceJson);
        if (source.Model.Length > 0 && models.Find(caller, source.Model) is null)
            throw Faults.Invalid("data_source_json", $"data_source.model: there is no model '{source.Model}'; list the models to see which exist");
        var id = Ids.NewEvalRun();
        var rows = Write(id, await RowsAsync(caller, source), source, EditEvals.SchemaOf(eval.DataSourceConfigJson));
        var run = new EvalRun
        {
            Id = id,
            EvalId = eval.Id,
            Name = request.Name,
            Metadata = { request.Metadata },
            DataSourceJson = request.DataSourceJson,
            CreatedAt = clock.GetUtcNow().ToTimestamp(),
            Model = source.Model,
            Total = rows,
            Criteria = { eval.TestingCriteriaJson.Select(json => new CriterionResult { Name = Criterion.Parse(caller, json).Name }) },
        };
        caller.Target = id;
        await evals.CreateRunAsync(caller.Tenant, run);
        signal.Raise();
        return (await evals.FindRunAsync(id))!.Run;
    }

    public async Task<EvalRun> GetAsync(Caller caller, string evalId, string runId) =>
        await evals.FindRunAsync(caller.Tenant, evalId, runId) ?? throw NoSuchRun(runId);

    public async Task<ListEvalRunsResponse> ListAsync(Caller caller, ListEvalRunsRequest request)
    {
        if (await evals.FindAsync(caller.Tenant, request.EvalId) is null) throw EditEvals.NoSuchEval(request.EvalId);
        var size = PageSize.Of(request.PageSize, EditEvals.DefaultPage, EditEvals.LargestPage);
        var wanted = new List<EvalRun>();
        var after = request.After;
        // States change, so no index has them: pages are looked through until one is full.
        while (await evals.ListRunsAsync(request.EvalId, after, size + 1, request.Descending) is var found)
        {
            if (found is null) throw EditEvals.UnknownAfter(request.After);
            wanted.AddRange(found.Where(run => request.State == EvalRunState.Unspecified || run.State == request.State));
            if (wanted.Count > size || found.Length <= size) break;
            after = found[^1].Id;
        }
        var page = MessageSize.Page(wanted, size);
        return new ListEvalRunsResponse { Runs = { page }, HasMore = wanted.Count > page.Count };
    }

    public async Task<EvalRun> CancelAsync(Caller caller, string evalId, string runId)
    {
        caller.Target = runId;
        var run = await GetAsync(caller, evalId, runId);
        if (!await evals.MoveRunAsync(runId, EvalRunState.Canceled, null, s_going))
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"run {runId} has ended in state {run.State}; only a run that has not ended can be cancelled"));
        signal.Raise();
        return await GetAsync(caller, evalId, runId);
    }

    public async Task DeleteAsync(Caller caller, string evalId, string runId)
    {
        caller.Target = runId;
        await GetAsync(caller, evalId, runId);
        await evals.DeleteRunAsync(evalId, runId);
        File.Delete(artifacts.EvalRowsFile(runId));
        signal.Raise();
    }

    public async Task<ListOutputItemsResponse> ListItemsAsync(Caller caller, ListOutputItemsRequest request)
    {
        var run = await GetAsync(caller, request.EvalId, request.RunId);
        if (request.Status is not ("" or "pass" or "fail" or "error")) throw Faults.Invalid("status", $"'{request.Status}' is unknown; pass, fail or error");
        var size = PageSize.Of(request.PageSize, EditEvals.DefaultPage, EditEvals.LargestPage);
        var rows = (await evals.DoneAsync(run.Id)).Order();
        var after = request.After.Length == 0 ? (int?)null : RowOf(run.Id, request.After) ?? throw EditEvals.UnknownAfter(request.After);
        var wanted = request.Descending ? rows.Reverse().Where(row => after is null || row < after) : rows.Where(row => after is null || row > after);
        var found = new List<OutputItem>();
        foreach (var row in wanted)
        {
            if (await evals.FindItemAsync(run.Id, row) is not { } item || (request.Status.Length > 0 && item.Status != request.Status)) continue;
            found.Add(item);
            if (found.Count > size) break;
        }
        var page = MessageSize.Page(found, size);
        return new ListOutputItemsResponse { Items = { page }, HasMore = found.Count > page.Count };
    }

    public async Task<OutputItem> GetItemAsync(Caller caller, GetOutputItemRequest request)
    {
        var run = await GetAsync(caller, request.EvalId, request.RunId);
        return RowOf(run.Id, request.OutputItemId) is { } row && await evals.FindItemAsync(run.Id, row) is { } item
            ? item
            : throw Faults.NotFound("output item", request.OutputItemId, $"list those of run {run.Id} to see which exist");
    }

    private static RunSource Parse(string json)
    {
        try
        {
            return RunSource.Parse(json);
        }
        catch (GraderException error)
        {
            throw Faults.Invalid("data_source_json", error.Message);
        }
    }

    private async Task<IEnumerable<JsonElement>> RowsAsync(Caller caller, RunSource source)
    {
        if (source.FileId is null) return source.Content;
        if (await files.FindAsync(caller.Tenant, source.FileId) is not { } file)
            throw Faults.Invalid("data_source_json", $"data_source.source.id: there is no file '{source.FileId}'; upload one with purpose evals or fine-tune");
        return File.ReadLines(files.PathOf(file)).Where(line => line.Trim().Length > 0).Select(SoundJson.Parse);
    }

    /// <summary>Writes the rows where the runner finds them, whatever becomes of the file that they came from.</summary>
    private int Write(string runId, IEnumerable<JsonElement> lines, RunSource source, AnswerSchema? schema)
    {
        var count = 0;
        ArtifactStore.WriteAtomically(artifacts.EvalRowsFile(runId), stream =>
        {
            using var rows = lines.GetEnumerator();
            while (Next(rows, count))
            {
                if (count == MostRows) throw Fault(count, $"is one too many; at most {MostRows} are allowed");
                JsonSerializer.Serialize(stream, Read(rows.Current, count++, source, schema), ArtifactStore.Json);
                stream.WriteByte((byte)'\n');
            }
            if (count == 0) throw Faults.Invalid("data_source_json", "data_source.source: there are no rows; give at least one");
        });
        return count;
    }

    private static bool Next(IEnumerator<JsonElement> rows, int row)
    {
        try
        {
            return rows.MoveNext();
        }
        catch (JsonException error)
        {
            throw Fault(row, $"is no JSON: {error.Message}");
        }
    }

    private static EvalRow Read(JsonElement line, int row, RunSource source, AnswerSchema? schema)
    {
        try
        {
            var read = EvalRow.Read(line, mayBeBare: source.FileId is not null);
            if (source.Model.Length == 0 && read.Answer is null) throw Fault(row, "has no sample; write {\"item\": {…}, \"sample\": {\"output_text\": \"…\"}}, or let a model answer");
            if (schema?.Allows(read.Item) == false) throw Fault(row, "is not what the eval's item_schema asks for");
            if (source.Model.Length > 0) source.Input.For(read.Item);
            return read;
        }
        catch (FormatException error)
        {
            throw Fault(row, error.Message);
        }
    }

    private static RpcException Fault(int row, string message) => Faults.Invalid("data_source_json", $"data_source.source: row {row + 1} {message}");

    private static int? RowOf(string runId, string itemId) =>
        int.TryParse(itemId.Split('_')[^1], out var row) && row >= 0 && EvalStore.ItemId(runId, row) == itemId ? row : null;

    private static RpcException NoSuchRun(string id) => Faults.NotFound("run", id, "list the eval's runs to see which exist");
}
