using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace RftAspire.EndToEnd.Tests;

/// <summary>What came back: the texts of all choices, each with its end.</summary>
internal sealed record ChatAnswer(string Text, long Begun, long Ended)
{
    public double Milliseconds => Stopwatch.GetElapsedTime(Begun, Ended).TotalMilliseconds;
}

/// <summary>
/// Clients that ask one thing after the other, each over connections of its own. Request i is always the same one: of the base model
/// or of a tuned one, streamed or whole, with one choice or two, free or in the form of a schema.
/// </summary>
internal sealed class ChatLoad(Func<HttpClient> connect, string[] models)
{
    private const int Tokens = 40;
    private static readonly string[] s_domains = ["trade", "energy", "agriculture"];

    private static readonly object s_form = new
    {
        type = "json_schema",
        json_schema = new
        {
            name = "act",
            strict = true,
            schema = new
            {
                type = "object",
                properties = new { domain = new { @enum = s_domains }, year = new { type = "integer", minimum = 1950, maximum = 2030 } },
                required = (string[])["domain", "year"],
                additionalProperties = false,
            },
        },
    };

    /// <summary>The answers to requests, in their order; every client takes the next one that is left.</summary>
    public async Task<ChatAnswer[]> AskAsync(IReadOnlyList<int> requests, int clients, Action? streaming = null)
    {
        var (answers, taken) = (new ChatAnswer[requests.Count], -1);
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            using var http = connect();
            for (int at; (at = Interlocked.Increment(ref taken)) < answers.Length;) answers[at] = await AskAsync(http, requests[at], streaming);
        }));
        return answers;
    }

    public static void Report(ITestOutputHelper output, string when, IEnumerable<ChatAnswer> answers)
    {
        var times = answers.Select(answer => answer.Milliseconds).Order().ToArray();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{when}: {times.Length} requests, p50 {times[times.Length / 2]:F0} ms, p95 {times[times.Length * 95 / 100]:F0} ms, max {times[^1]:F0} ms"));
    }

    private async Task<ChatAnswer> AskAsync(HttpClient http, int request, Action? streaming)
    {
        var begun = Stopwatch.GetTimestamp();
        var (isStream, hasForm) = (request / models.Length % 2 == 0, request % 5 == 0);
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = JsonContent.Create(Body(request, isStream, hasForm)) };
        using var answer = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        if (answer.StatusCode != HttpStatusCode.OK) Assert.Fail($"request {request}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        var choices = isStream ? await StreamedAsync(answer.Content, streaming) : await WholeAsync(answer.Content);
        Assert.Equal(Choices(request), choices.Count);
        if (hasForm) Assert.All(choices, choice => Assert.Contains(JsonNode.Parse(choice.Text)!["domain"]!.GetValue<string>(), s_domains));
        return new ChatAnswer(string.Join('\n', choices.Select(choice => $"{choice.Text} [{choice.End}]")), begun, Stopwatch.GetTimestamp());
    }

    private static int Choices(int request) => request % 3 == 0 ? 2 : 1;

    private JsonObject Body(int request, bool isStream, bool hasForm)
    {
        var body = JsonSerializer.SerializeToNode(new
        {
            model = models[request % models.Length],
            messages = new[] { new { role = "user", content = $"Title of the act: Regulation No {request} on fishing and trade" } },
            max_completion_tokens = Tokens,
            temperature = 1.5,
            seed = request,
            n = Choices(request),
            stream = isStream,
        })!.AsObject();
        if (hasForm) body["response_format"] = JsonSerializer.SerializeToNode(s_form);
        return body;
    }

    private static async Task<List<(string Text, string End)>> WholeAsync(HttpContent content)
    {
        var whole = await content.ReadFromJsonAsync<JsonElement>();
        return [.. whole.GetProperty("choices").EnumerateArray().Select(choice => (
            choice.GetProperty("message").GetProperty("content").GetString()!, choice.GetProperty("finish_reason").GetString()!))];
    }

    private static async Task<List<(string Text, string End)>> StreamedAsync(HttpContent content, Action? streaming)
    {
        using var lines = new StreamReader(await content.ReadAsStreamAsync());
        var (choices, isDone) = (new SortedDictionary<int, (string Text, string End)>(), false);
        while (await lines.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal)) continue;
            if (isDone = line == "data: [DONE]") continue;
            foreach (var part in JsonDocument.Parse(line["data: ".Length..]).RootElement.GetProperty("choices").EnumerateArray())
            {
                var (text, end) = choices.GetValueOrDefault(part.GetProperty("index").GetInt32(), ("", ""));
                if (part.GetProperty("delta").TryGetProperty("content", out var more)) text += more.GetString();
                choices[part.GetProperty("index").GetInt32()] = (text, part.GetProperty("finish_reason").GetString() ?? end);
                if (text.Length > 0) streaming?.Invoke();
            }
        }
        Assert.True(isDone);
        return [.. choices.Values];
    }
}
