using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using RftAspire.ForeignClients;
using RftAspire.Services.Tests.Judge;

namespace RftAspire.EndToEnd.Tests;

/// <summary>Requests as OpenAI's guides and cookbook have them train a model to the end, with judges that a stub plays.</summary>
[Collection(Platform.OneAtATime)]
public sealed class CookbookTests
{
    private static readonly string[] s_ended = ["succeeded", "failed", "cancelled"];

    [Fact]
    public async Task Job_RequestWithAnotherModelsName_TrainsToItsEnd()
    {
        await using var endpoint = await StubChatServer.StartAsync();
        endpoint.Default = Answer;
        await using var platform = await Platform.StartAsync(settings: new() { ["Judge__Endpoint"] = endpoint.Endpoint.ToString(), ["Judge__ApiKey"] = "sk-stub" });
        using var rest = platform.Rest();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4));

        var ids = new List<string>();
        foreach (var name in Recipe.Names) ids.Add(await CreateAsync(rest, new Recipe(name)));
        var ends = new List<string>();
        foreach (var id in ids) ends.Add(await EndAsync(rest, id, patience.Token));

        Assert.Equal(Recipe.Names.Select(name => name + ": succeeded null, rewarded"), Recipe.Names.Zip(ends, (name, end) => $"{name}: {end}"));
        Assert.All((string[])["o3-mini", "gpt-4o-2024-08-06", "gpt-4.1-mini"], judge => Assert.NotEmpty(endpoint.Questions(judge)));
    }

    // Worthless answers, which come before the job, are no JSON; those of this model mostly are.
    private static StubAnswer Answer(StubQuestion question)
    {
        var good = question.Prompt.Contains("| {", StringComparison.Ordinal);
        return question.Model == "gpt-4.1-mini" ? StubAnswer.Label(good ? "kind" : "rude") : StubAnswer.Score(good ? question.Prompt.Length % 5 / 4.0 : 0);
    }

    private static async Task<string> CreateAsync(HttpClient rest, Recipe recipe)
    {
        var (training, validation) = (await UploadAsync(rest, recipe.Lines("rows")), await UploadAsync(rest, recipe.Lines("validation_rows")));
        var body = new StringContent(recipe.Request(Platform.Model, training, validation), new MediaTypeHeaderValue("application/json"));
        return Text(await JsonAsync(await rest.PostAsync("/v1/fine_tuning/jobs", body)), "id");
    }

    private static async Task<string> EndAsync(HttpClient rest, string id, CancellationToken cancellation)
    {
        while (true)
        {
            var job = await JsonAsync(await rest.GetAsync($"/v1/fine_tuning/jobs/{id}", cancellation));
            if (!s_ended.Contains(Text(job, "status")))
            {
                await Task.Delay(100, cancellation);
                continue;
            }
            var events = await JsonAsync(await rest.GetAsync($"/v1/fine_tuning/jobs/{id}/events?limit=100", cancellation));
            var isRewarded = events.GetProperty("data").EnumerateArray().Any(happened => Text(happened, "type") == "metrics"
                && happened.GetProperty("data").TryGetProperty("train_mean_reward", out var reward) && reward.ValueKind == JsonValueKind.Number);
            return $"{Text(job, "status")} {job.GetProperty("error").GetRawText()}, {(isRewarded ? "rewarded" : "nothing rewarded")}";
        }
    }

    private static async Task<string> UploadAsync(HttpClient rest, string lines)
    {
        using var form = new MultipartFormDataContent { { new StringContent("fine-tune"), "purpose" }, { new StringContent(lines), "file", "rows.jsonl" } };
        return Text(await JsonAsync(await rest.PostAsync("/v1/files", form)), "id");
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer)
    {
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;
}
