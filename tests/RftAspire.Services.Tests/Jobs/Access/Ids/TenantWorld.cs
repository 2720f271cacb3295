using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.Evals;
using RftAspire.Services.Tests.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.Access.Ids;

/// <summary>A tenant with one of everything that has an id, and much in it: reading such a thing shows.</summary>
internal sealed partial class TenantWorld(string key)
{
    public const int Much = 100_000;

    private static readonly string s_much = new('x', Much);

    private readonly Dictionary<string, string> _ids = [];

    public string Key => key;

    public string this[string kind] => _ids[kind];

    /// <summary>Ids that look like this world's and are nobody's.</summary>
    public TenantWorld Unknown()
    {
        var unknown = new TenantWorld("");
        foreach (var (kind, id) in _ids) unknown._ids[kind] = kind == "tenant" ? new string('x', id.Length) : Digits().Replace(id, digits => new string('0', digits.Length));
        return unknown;
    }

    public static async Task<TenantWorld> CreateAsync(JobsUnderTest service, string tenant)
    {
        var world = new TenantWorld(await service.NewKeyAsync(Role.Admin, tenant));
        using var channel = service.Channel(world.Key);
        using var http = new HttpClient { BaseAddress = service.Http.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", world.Key);
        var ids = world._ids;
        ids["tenant"] = tenant;
        ids["key"] = (await new KeyService.KeyServiceClient(channel).CreateKeyAsync(new() { Name = "k", Role = Role.Viewer })).Key.Id;
        ids["webhook"] = (await new WebhookService.WebhookServiceClient(channel).CreateWebhookAsync(new() { Url = "http://localhost:1/" })).Webhook.Id;
        ids["file"] = ids["validation"] = await UploadAsync(http, "fine-tune", JobsUnderTest.GoodRow);
        ids["rows"] = await UploadAsync(http, "evals", """{"item":{"a":1},"sample":{"output_text":"x"}}""");
        var job = await new JobService.JobServiceClient(channel).CreateJobAsync(new() { Model = "base", TrainingDatasetId = ids["file"], GraderJson = IdRequests.Grader, Annotation = s_much });
        (ids["job"], ids["checkpoint"]) = (job.Id, RftAspire.Jobs.Ids.Checkpoint(job.Id, 1));
        ids["model"] = RftAspire.Jobs.Ids.TunedModel("base", tenant, "", job.Id);
        ids["kept"] = ModelNames.Checkpoint(ids["model"], 0);
        foreach (var kind in (string[])["model", "kept"]) JobsUnderTest.WriteModel(service.Artifacts.TunedModelFolder(ids[kind]), "{}");
        await StartUploadAsync(http, ids);
        await StartRunAsync(service, new EvalService.EvalServiceClient(channel), ids);
        return world;
    }

    private static async Task<string> UploadAsync(HttpClient http, string purpose, string text)
    {
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" }, { new StringContent(text), "file", "rows.jsonl" } };
        return (await (await http.PostAsync("/v1/files", form)).JsonAsync()).GetProperty("id").GetString()!;
    }

    private static async Task StartUploadAsync(HttpClient http, Dictionary<string, string> ids)
    {
        using var body = new StringContent("""{"filename":"a","purpose":"user_data","bytes":4,"mime_type":"text/plain"}""", new MediaTypeHeaderValue("application/json"));
        ids["upload"] = (await (await http.PostAsync("/v1/uploads", body)).JsonAsync()).GetProperty("id").GetString()!;
        using var part = new MultipartFormDataContent { { new StringContent("part"), "data", "data" } };
        ids["part"] = (await (await http.PostAsync($"/v1/uploads/{ids["upload"]}/parts", part)).JsonAsync()).GetProperty("id").GetString()!;
    }

    private static async Task StartRunAsync(JobsUnderTest service, EvalService.EvalServiceClient evals, Dictionary<string, string> ids)
    {
        var eval = await evals.CreateEvalAsync(new() { DataSourceConfigJson = $$"""{"type":"custom","much":"{{s_much}}"}""", TestingCriteriaJson = { IdRequests.Grader } });
        var source = $$$"""{"type":"jsonl","source":{"type":"file_content","content":[{"item":{"a":"{{{s_much}}}"},"sample":{"output_text":"x"}}]}}""";
        var run = await evals.CreateEvalRunAsync(new() { EvalId = eval.Id, DataSourceJson = source });
        var item = new OutputItem { Id = EvalStore.ItemId(run.Id, 0), RunId = run.Id, ItemJson = "{}", Status = "pass", CreatedAt = Timestamp.FromDateTime(DateTime.UnixEpoch) };
        // Nobody grades here: the row's result is put in its place.
        await service.Services.GetRequiredService<EvalStore>().AddItemAsync(item);
        (ids["eval"], ids["run"], ids["item"]) = (eval.Id, run.Id, item.Id);
    }

    [GeneratedRegex("[0-9a-f]{8,}")]
    private static partial Regex Digits();
}
