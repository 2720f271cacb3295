using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Evals;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Routes of /v1/evals.</summary>
internal static class EvalRoutes
{
    private const int StandardPage = 20;
    private const int LargestPage = 100;

    private static readonly FieldNames s_names = new(
        ("data_source_config_json", "data_source_config", "invalid_value"),
        ("testing_criteria_json", "testing_criteria", "invalid_grader"),
        ("data_source_json", "data_source", "invalid_value"),
        ("page_size", "limit", "invalid_value"));

    public static void MapEvals(this RouteGroupBuilder v1)
    {
        var evals = v1.MapGroup("/evals").WithMetadata(s_names);
        evals.MapPost("", CreateAsync).Needs(Role.User).Says("Creates an eval").Reads<EvalDocument>().Produces<object>(StatusCodes.Status201Created);
        evals.MapGet("", ListAsync).Needs(Role.Viewer).Says("Lists evals").TakesPage().Takes("order", "string", "asc or desc, by time of creation").Takes("order_by", "string", "created_at");
        evals.MapGet("/{id}", async (string id, EditEvals edit, HttpContext http) => EvalBodies.Of(await edit.GetAsync(http.GetCaller(), id))).Needs(Role.Viewer)
            .Says("Gets an eval");
        evals.MapPost("/{id}", UpdateAsync).Needs(Role.User).Says("Changes an eval's name and metadata").Reads<EvalChangeDocument>();
        evals.MapDelete("/{id}", DeleteAsync).Needs(Role.User).Says("Deletes an eval with its runs");
        var runs = evals.MapGroup("/{id}/runs");
        runs.MapPost("", CreateRunAsync).Needs(Role.User).Says("Starts a run").Reads<EvalRunDocument>().Produces<object>(StatusCodes.Status201Created);
        runs.MapGet("", ListRunsAsync).Needs(Role.Viewer).Says("Lists an eval's runs").TakesPage();
        runs.MapGet("/{run}", RunAsync).Needs(Role.Viewer).Says("Gets a run");
        // SDKs call the second, OpenAI's own description has the first.
        foreach (var cancel in (string[])["/{run}", "/{run}/cancel"]) runs.MapPost(cancel, CancelRunAsync).Needs(Role.User).Says("Stops a run");
        runs.MapDelete("/{run}", DeleteRunAsync).Needs(Role.User).Says("Deletes a run");
        runs.MapGet("/{run}/output_items", ListItemsAsync).Needs(Role.Viewer).Says("Lists a run's rows with their answers and scores").TakesPage();
        runs.MapGet("/{run}/output_items/{item}", ItemAsync).Needs(Role.Viewer).Says("Gets one row of a run");
    }

    private static async Task<object> CreateAsync(HttpContext http, EditEvals edit)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var eval = await edit.CreateAsync(http.GetCaller(), new CreateEvalRequest
        {
            Name = body.OptionalText("name") ?? "",
            Metadata = { Metadata(body) },
            DataSourceConfigJson = body.Fields("data_source_config").Value.GetRawText(),
            TestingCriteriaJson = { body.Items("testing_criteria").Select(criterion => criterion.GetRawText()) },
        });
        return Created(http, EvalBodies.Of(eval));
    }

    private static async Task<object> ListAsync(HttpContext http, EditEvals edit)
    {
        var page = Page.Of(http.Request, StandardPage, LargestPage);
        http.Request.QueryWord("order_by", "created_at");
        var found = await edit.ListAsync(http.GetCaller(), new ListEvalsRequest { PageSize = page.Limit, After = page.After, Descending = IsDescending(http) });
        return ListBody.Of(found.Evals.Select(EvalBodies.Of), found.HasMore, eval => eval.Id);
    }

    private static async Task<object> UpdateAsync(string id, HttpContext http, EditEvals edit)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var request = new UpdateEvalRequest { EvalId = id, ReplaceMetadata = body.Find("metadata") is not null, Metadata = { Metadata(body) } };
        if (body.OptionalText("name") is { } name) request.Name = name;
        return EvalBodies.Of(await edit.UpdateAsync(http.GetCaller(), request));
    }

    private static async Task<object> DeleteAsync(string id, HttpContext http, EditEvals edit)
    {
        await edit.DeleteAsync(http.GetCaller(), id);
        return new { @object = "eval.deleted", deleted = true, eval_id = id };
    }

    private static async Task<object> CreateRunAsync(string id, HttpContext http, EvalRuns runs, EditEvals edit)
    {
        var body = await JsonBody.ReadAsync(http.Request);
        var run = await runs.CreateAsync(http.GetCaller(), new CreateEvalRunRequest
        {
            EvalId = id,
            Name = body.OptionalText("name") ?? "",
            Metadata = { Metadata(body) },
            DataSourceJson = body.Fields("data_source").Value.GetRawText(),
        });
        return Created(http, EvalBodies.Of(run));
    }

    private static async Task<object> ListRunsAsync(string id, HttpContext http, EvalRuns runs)
    {
        var page = Page.Of(http.Request, StandardPage, LargestPage);
        var found = await runs.ListAsync(http.GetCaller(), new ListEvalRunsRequest
        {
            EvalId = id,
            PageSize = page.Limit,
            After = page.After,
            Descending = IsDescending(http),
            State = EvalBodies.StateOf(http.Request.QueryWord("status", "", "queued", "in_progress", "completed", "failed", "canceled")),
        });
        return ListBody.Of(found.Runs.Select(EvalBodies.Of), found.HasMore, run => run.Id);
    }

    private static async Task<object> RunAsync(string id, string run, HttpContext http, EvalRuns runs) =>
        EvalBodies.Of(await runs.GetAsync(http.GetCaller(), id, run));

    private static async Task<object> CancelRunAsync(string id, string run, HttpContext http, EvalRuns runs) =>
        EvalBodies.Of(await runs.CancelAsync(http.GetCaller(), id, run));

    private static async Task<object> DeleteRunAsync(string id, string run, HttpContext http, EvalRuns runs)
    {
        await runs.DeleteAsync(http.GetCaller(), id, run);
        return new { @object = "eval.run.deleted", deleted = true, run_id = run };
    }

    private static async Task<object> ListItemsAsync(string id, string run, HttpContext http, EvalRuns runs)
    {
        var page = Page.Of(http.Request, StandardPage, LargestPage);
        var parent = await runs.GetAsync(http.GetCaller(), id, run);
        var found = await runs.ListItemsAsync(http.GetCaller(), new ListOutputItemsRequest
        {
            EvalId = id,
            RunId = run,
            PageSize = page.Limit,
            After = page.After,
            Descending = IsDescending(http),
            Status = http.Request.QueryWord("status", "", "pass", "fail", "error"),
        });
        return ListBody.Of(found.Items.Select(item => EvalBodies.Of(item, parent)), found.HasMore, item => item.Id);
    }

    private static async Task<object> ItemAsync(string id, string run, string item, HttpContext http, EvalRuns runs)
    {
        var parent = await runs.GetAsync(http.GetCaller(), id, run);
        return EvalBodies.Of(await runs.GetItemAsync(http.GetCaller(), new() { EvalId = id, RunId = run, OutputItemId = item }), parent);
    }

    // The one kind of thing whose making .NET's SDK takes for done with no other status.
    private static object Created(HttpContext http, object body)
    {
        http.Response.StatusCode = StatusCodes.Status201Created;
        return body;
    }

    private static bool IsDescending(HttpContext http) => http.Request.QueryWord("order", "asc", "desc") == "desc";

    private static Dictionary<string, string> Metadata(JsonFields body)
    {
        if (body.OptionalFields("metadata") is not { } given) return [];
        return given.Value.EnumerateObject().ToDictionary(pair => pair.Name, pair => given.Text(pair.Name));
    }
}
