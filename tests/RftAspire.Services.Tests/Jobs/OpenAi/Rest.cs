using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

/// <summary>Calls of the REST face, without an SDK between.</summary>
internal static class Rest
{
    public static Task<HttpResponseMessage> PostJsonAsync(this JobsUnderTest service, string path, string json, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, new System.Net.Http.Headers.MediaTypeHeaderValue("application/json")) };
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return service.Http.SendAsync(request);
    }

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage answer)
    {
        Assert.True(answer.StatusCode == HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    /// <summary>An error's param and code; all four keys must be there.</summary>
    public static async Task<(string? Param, string? Code, string Message)> ErrorAsync(this HttpResponseMessage answer, int status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        var error = JsonDocument.Parse(text).RootElement.GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
        return (error.GetProperty("param").GetString(), error.GetProperty("code").GetString(), error.GetProperty("message").GetString()!);
    }

    /// <summary>Uploads a dataset and gives its id.</summary>
    public static async Task<string> UploadFileAsync(this JobsUnderTest service, string text = JobsUnderTest.GoodRow, string purpose = "fine-tune", string name = "rows.jsonl")
    {
        using var form = new MultipartFormDataContent { { new StringContent(purpose), "purpose" }, { new StringContent(text), "file", name } };
        return (await (await service.Http.PostAsync("/v1/files", form)).JsonAsync()).GetProperty("id").GetString()!;
    }

    /// <summary>Waits until a job has a status.</summary>
    public static async Task UntilAsync(this JobsUnderTest service, string id, string status)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await (await service.Http.GetAsync($"/v1/fine_tuning/jobs/{id}", deadline.Token)).JsonAsync()).GetProperty("status").GetString() != status)
            await Task.Delay(20, deadline.Token);
    }
}
