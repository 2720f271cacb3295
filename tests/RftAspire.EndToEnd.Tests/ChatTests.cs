using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using RftAspire.Contracts.Jobs.V1;
using Xunit.Abstractions;

namespace RftAspire.EndToEnd.Tests;

/// <summary>Many clients at once, beside a job, and through the death of the worker that answers them.</summary>
[Collection(Platform.OneAtATime)]
public sealed class ChatTests(ITestOutputHelper output)
{
    private const int Clients = 64, Tokens = 40, Steps = 3;

    [Fact]
    public async Task Chat_BesideAJobAndThroughAKilledWorker_EveryoneGetsTheSameAnswers()
    {
        await using var platform = await Platform.StartAsync();
        using var http = platform.Rest();
        var plain = await platform.FinishAsync((await platform.CreateAsync(Steps)).Id);
        await AskAllAsync(http, "first of all");
        var alone = await AskAllAsync(http, "alone");

        var job = await platform.CreateAsync(Steps);
        var (watching, beside) = (platform.FinishAsync(job.Id), alone);
        do beside = await AskAllAsync(http, "beside a job");
        while (!watching.IsCompleted);
        Assert.Equal(alone, beside);
        var finished = await watching;
        Assert.Equal((JobState.Succeeded, plain.Job.WeightsDigest), (finished.Job.State, finished.Job.WeightsDigest));

        var begun = new TaskCompletionSource();
        var killed = AskAllAsync(http, "through a kill", begun);
        await begun.Task;
        await platform.KillAndRestartAsync("sampling");
        Assert.Equal(alone, await killed);
    }

    private async Task<string[]> AskAllAsync(HttpClient http, string when, TaskCompletionSource? begun = null)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => AskAsync(http, client, begun)));
        var times = answers.Select(answer => answer.Time.TotalMilliseconds).Order().ToArray();
        output.WriteLine(FormattableString.Invariant($"{when}: p50 {times[Clients / 2]:F0} ms, p95 {times[Clients * 95 / 100]:F0} ms, last {times[^1]:F0} ms"));
        return [.. answers.Select(answer => answer.Text)];
    }

    /// <summary>One client, which reads a stream to its end.</summary>
    private static async Task<(string Text, TimeSpan Time)> AskAsync(HttpClient http, int client, TaskCompletionSource? begun)
    {
        var start = Stopwatch.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                model = Platform.Model,
                messages = new[] { new { role = "user", content = $"Title of the act: Regulation No {client} on fishing and trade" } },
                max_completion_tokens = Tokens,
                temperature = 1.5,
                seed = client,
                stream = true,
            }),
        };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, answer.StatusCode == HttpStatusCode.OK ? "" : await answer.Content.ReadAsStringAsync());
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());
        var (text, isDone) = ("", false);
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.Length == 0) continue;
            isDone = line == "data: [DONE]";
            if (!isDone) text += Content(JsonDocument.Parse(line["data: ".Length..]).RootElement);
            if (text.Length > 0) begun?.TrySetResult();
        }
        Assert.True(isDone);
        return (text, Stopwatch.GetElapsedTime(start));
    }

    private static string Content(JsonElement part) =>
        part.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("content", out var content) ? content.GetString()! : "";
}
