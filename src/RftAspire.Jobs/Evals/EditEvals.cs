using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;

namespace RftAspire.Jobs.Evals;

/// <summary>Create, read, change and delete evals.</summary>
public sealed class EditEvals(EvalStore evals, ArtifactStore artifacts, TimeProvider clock)
{
    private const int MostCriteria = 32;
    private const int LongestName = 256;
    internal const int DefaultPage = 20;
    internal const int LargestPage = 100;

    public async Task<Eval> CreateAsync(Caller caller, CreateEvalRequest request)
    {
        var faults = new List<Violation>();
        CheckWords(request.Name, request.Metadata, faults);
        if (request.TestingCriteriaJson.Count is 0 or > MostCriteria)
            faults.Add(new Violation("testing_criteria_json", $"has {request.TestingCriteriaJson.Count} graders; give 1 to {MostCriteria}"));
        else
            Criterion.ParseAll(caller, request.TestingCriteriaJson, "testing_criteria_json", faults);
        CheckSource(request.DataSourceConfigJson, faults);
        MessageSize.Check(request, "testing_criteria_json", faults);
        if (faults.Count > 0) throw Faults.Invalid(faults);
        var eval = new Eval
        {
            Id = Ids.NewEval(),
            Name = request.Name,
            Metadata = { request.Metadata },
            DataSourceConfigJson = request.DataSourceConfigJson,
            TestingCriteriaJson = { request.TestingCriteriaJson },
            CreatedAt = clock.GetUtcNow().ToTimestamp(),
        };
        caller.Target = eval.Id;
        await evals.CreateAsync(caller.Tenant, eval);
        return eval;
    }

    public async Task<Eval> GetAsync(Caller caller, string id) => await evals.FindAsync(caller.Tenant, id) ?? throw NoSuchEval(id);

    public async Task<ListEvalsResponse> ListAsync(Caller caller, ListEvalsRequest request)
    {
        var size = PageSize.Of(request.PageSize, DefaultPage, LargestPage);
        var found = await evals.ListAsync(caller.Tenant, request.After, size + 1, request.Descending) ?? throw UnknownAfter(request.After);
        var page = MessageSize.Page(found, size);
        return new ListEvalsResponse { Evals = { page }, HasMore = found.Length > page.Count };
    }

    public async Task<Eval> UpdateAsync(Caller caller, UpdateEvalRequest request)
    {
        caller.Target = request.EvalId;
        var eval = await GetAsync(caller, request.EvalId);
        var faults = new List<Violation>();
        CheckWords(request.Name, request.Metadata, faults);
        if (faults.Count > 0) throw Faults.Invalid(faults);
        if (request.HasName) eval.Name = request.Name;
        if (request.ReplaceMetadata)
        {
            eval.Metadata.Clear();
            eval.Metadata.Add(request.Metadata);
        }
        return await evals.ChangeAsync(eval) ? eval : throw NoSuchEval(eval.Id);
    }

    public async Task DeleteAsync(Caller caller, string id)
    {
        caller.Target = id;
        await GetAsync(caller, id);
        foreach (var run in await evals.DeleteAsync(caller.Tenant, id)) File.Delete(artifacts.EvalRowsFile(run));
    }

    /// <summary>The schema that rows must satisfy; null where there is none.</summary>
    /// <exception cref="GraderException">It is no schema, or one with keywords that would not be checked.</exception>
    internal static AnswerSchema? SchemaOf(string dataSourceConfigJson)
    {
        using var config = JsonDocument.Parse(dataSourceConfigJson);
        return config.RootElement.TryGetProperty("item_schema", out var schema) && schema.ValueKind == JsonValueKind.Object
            ? AnswerSchema.Read(schema.Clone(), "data_source_config_json.item_schema")
            : null;
    }

    internal static RpcException UnknownAfter(string after) => Faults.Invalid("after", $"there is no '{after}' here; give the last id of the previous page");

    internal static RpcException NoSuchEval(string id) => Faults.NotFound("eval", id, "list the evals to see which exist");

    internal static void CheckWords(string name, IDictionary<string, string> metadata, List<Violation> faults)
    {
        if (name.Length > LongestName || name.Any(char.IsControl)) faults.Add(new Violation("name", $"has {name.Length} characters; at most {LongestName} without control characters"));
        MetadataPairs.Check(metadata, faults);
    }

    private static void CheckSource(string json, List<Violation> faults)
    {
        const string field = "data_source_config_json";
        try
        {
            var config = SoundJson.Parse(json);
            if (config.ValueKind != JsonValueKind.Object || InputMessages.Text(config, "type") != "custom")
                faults.Add(new Violation(field, "must be an object of type custom: {\"type\":\"custom\",\"item_schema\":{…}}"));
            else
                SchemaOf(json);
        }
        catch (JsonException error)
        {
            faults.Add(new Violation(field, $"is no JSON: {error.Message}"));
        }
        catch (GraderException error)
        {
            faults.Add(new Violation(field, error.Message));
        }
    }
}
