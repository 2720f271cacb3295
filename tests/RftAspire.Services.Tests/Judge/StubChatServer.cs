using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace RftAspire.Services.Tests.Judge;

/// <summary>
/// A chat endpoint in the manner of OpenAI's, over real HTTP on a free loopback port. A script decides what each question gets; a
/// script is given to a model's name, so that tests may share a server.
/// </summary>
public sealed class StubChatServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<StubQuestion, StubAnswer>> _scripts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<StubQuestion> _questions = new();
    private readonly ConcurrentDictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _open = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _mostOpen = new(StringComparer.Ordinal);

    private StubChatServer(WebApplication app) => _app = app;

    /// <summary>Such as http://127.0.0.1:12345/v1.</summary>
    public Uri Endpoint => new(new Uri(_app.Urls.Single()), "v1");

    /// <summary>What models without a script of their own do.</summary>
    public Func<StubQuestion, StubAnswer> Default { get; set; } = _ => StubAnswer.Score(0.5);

    public static async Task<StubChatServer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new StubChatServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    public void On(string model, Func<StubQuestion, StubAnswer> script) => _scripts[model] = script;

    /// <summary>All questions to a model, in the order of their arrival.</summary>
    public StubQuestion[] Questions(string model) => [.. _questions.Where(question => question.Model == model)];

    /// <summary>The most questions that a model has had open at once.</summary>
    public int MostOpen(string model) => _mostOpen.GetValueOrDefault(model);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request is not { Method: "POST", Path.Value: "/v1/chat/completions" })
        {
            context.Response.StatusCode = 404;
            return;
        }
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        var model = body.RootElement.GetProperty("model").GetString()!;
        var question = new StubQuestion(_counts.AddOrUpdate(model, 1, (_, count) => count + 1), model, body.RootElement.Clone(), context.Request.Headers.Authorization.ToString());
        _questions.Enqueue(question);
        var open = _open.AddOrUpdate(model, 1, (_, count) => count + 1);
        _mostOpen.AddOrUpdate(model, open, (_, most) => Math.Max(most, open));
        try
        {
            var answer = _scripts.GetValueOrDefault(model, Default)(question);
            await answer.WriteAsync(context, model);
        }
        finally
        {
            _open.AddOrUpdate(model, 0, (_, count) => count - 1);
        }
    }
}

/// <summary>A question as it arrived.</summary>
/// <param name="Number">1 for the model's first.</param>
/// <param name="Model">The name in the request.</param>
/// <param name="Body">The request.</param>
/// <param name="Authorization">The header.</param>
public sealed record StubQuestion(int Number, string Model, JsonElement Body, string Authorization)
{
    /// <summary>Role and text of each message.</summary>
    public IEnumerable<(string Role, string Text)> Messages => Body.GetProperty("messages").EnumerateArray()
        .Select(message => (message.GetProperty("role").GetString()!, Text(message.GetProperty("content"))));

    public string Prompt => string.Join("\n\n", Messages.Select(message => message.Text));

    private static string Text(JsonElement content) => content.ValueKind == JsonValueKind.String ? content.GetString()!
        : string.Concat(content.EnumerateArray().Select(part => part.GetProperty("text").GetString()));
}
