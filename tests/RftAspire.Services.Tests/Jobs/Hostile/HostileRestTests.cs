using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using RftAspire.Jobs.OpenAi;
using RftAspire.Services.Tests.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.Hostile;

/// <summary>Every route with what nobody should send: an error in the one form, at once, and a service that goes on.</summary>
public sealed partial class HostileRestTests(HostileService service) : IClassFixture<HostileService>
{
    private static readonly string[] s_ids =
    [
        "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e", "%5c..%5c", "a%2fb", "%252f", "a%0d%0aSet-Cookie:%20x=1", "%1b%5b2J", "%ff%fe", "%ed%a0%80", "%00", "*", "%7b%7d", "ftjob-", "ft:::::", "ft:base:default::0:ckpt-step-99999999999",
        "outputitem__99999999999", "%F0%9F%92%A5", "%20", new string('a', 4000), "ftjob-00:events", "evalrun_1:items", "@", "ftckpt_-1",
    ];

    private static readonly string[] s_queries =
    [
        "limit=-1", "limit=0", "limit=1e9", "limit=NaN", "limit=99999999999999999999", "limit=1&limit=2", "limit=%00", "limit=+5", "after=%0d%0ax", "after=..%2f", "after=ftjob-0&after=1", "after=%ff", "order=%1b", "order=asc;drop",
        "metadata=x", "metadata[a]=%00&metadata[]=", "purpose=%0a", "status=%00", "order_by=x", "after=" + new string('b', 4000),
    ];

    // As they stand in a body.
    private static readonly string[] s_values =
    [
        "null", "true", "-1", "0", "1.5", "1e400", "-1e400", "99999999999999999999", "\"\"", "\"x\"", "\"1\"", "\"\\u0000\"", "\"\\ud800\"", "\"a\\r\\nb\\u001b[2J\"", "[]", "[null]", "[[]]", "{}", "{\"\":\"\"}", "{\"a\":{\"a\":null}}",
        "{\"\\ud800\":1}", "[\"\\ud800\"]", "\"../../etc/passwd\"", new string('[', 50) + new string(']', 50), "{\"type\":\"x\"}", "{\"type\":1}", "{\"type\":\"multi\",\"graders\":{}}",
    ];

    private static readonly string[] s_large =
    [
        $"\"{new string('x', 200_000)}\"", $"[{string.Join(',', Enumerable.Repeat("1", 100_000))}]", $"[{string.Join(',', Enumerable.Repeat("{}", 20_000))}]",
        $"{{{string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"k{i}\":\"v\""))}}}",
    ];

    private readonly List<string> _faults = [];

    [RedisFact]
    public async Task AnyRoute_HostileIdOrQuery_IsAnErrorOfTheOneForm()
    {
        foreach (var (method, route) in Routes().Where(one => one.Route.Contains('{', StringComparison.Ordinal)))
            foreach (var id in s_ids) await AttackAsync(method, Parameter().Replace(route, id));
        foreach (var (method, route) in Routes().Where(one => one.Method == "GET"))
            foreach (var query in s_queries) await AttackAsync(method, $"{Parameter().Replace(route, "x")}?{query}");
        await service.AssertUnharmedAsync(_faults);
    }

    [RedisFact]
    public async Task AnyRoute_OtherMethodOrSpelling_IsAnErrorOfTheOneForm()
    {
        foreach (var (_, route) in Routes())
        {
            var path = Parameter().Replace(route, "x");
            foreach (var method in (string[])["HEAD", "OPTIONS", "PATCH", "PUT", "TRACE", "FOO", "PROPFIND"]) await AttackAsync(method, path);
            foreach (var spelled in (string[])[path + "/", "/" + path, path.Replace("/v1/", "/v1//", StringComparison.Ordinal), path.ToUpperInvariant(), path + "/..", path + ";a=b", path + "%2f", "/v1/./x" + path])
                await AttackAsync("GET", spelled);
        }
        await service.AssertUnharmedAsync(_faults);
    }

    [RedisFact]
    public async Task AnyRoute_HostileField_IsAnErrorOfTheOneForm()
    {
        var file = await service.UploadFileAsync();
        foreach (var endpoint in service.Endpoints)
        {
            if (endpoint.Metadata.GetMetadata<RequestDocument>() is not { ContentType: "application/json" } document) continue;
            var path = Parameter().Replace(endpoint.RoutePattern.RawText!, "x");
            foreach (var template in HostileBodies.Templates(document.Type, file))
                foreach (var value in HostileBodies.IsWholeField(template) ? [.. s_values, .. s_large] : s_values)
                    await AttackAsync("POST", path, template.Replace(HostileBodies.Place, value, StringComparison.Ordinal), template);
        }
        await service.AssertUnharmedAsync(_faults);
    }

    [RedisTheory]
    [InlineData("application/json", ""), InlineData("application/json", "null"), InlineData("application/json", "[]"), InlineData("application/json", "\"x\""), InlineData("application/json", "{")]
    [InlineData("application/json", "{\"model\":\"a\",\"model\":\"b\"}"), InlineData("application/json", "{\"m\u0000\":1}"), InlineData("application/json", "\ufeff{}"), InlineData("text/plain", "{}")]
    [InlineData("application/x-www-form-urlencoded", "a=b"), InlineData("multipart/form-data; boundary=b", "--b--"), InlineData("application/json; charset=utf-16", "{}"), InlineData("x/json-or-not", "{}")]
    public async Task AnyRoute_HostileBody_IsAnErrorOfTheOneForm(string type, string body)
    {
        foreach (var (method, route) in Routes().Where(one => one.Method == "POST"))
            await AttackAsync(method, Parameter().Replace(route, "x"), body, type: type);
        await service.AssertUnharmedAsync(_faults);
    }

    private IEnumerable<(string Method, string Route)> Routes() =>
        from endpoint in service.Endpoints
        let route = endpoint.RoutePattern.RawText!
        where route.StartsWith("/v1/", StringComparison.Ordinal)
        from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []
        select (method, route);

    private async Task AttackAsync(string method, string path, string? body = null, string what = "", string type = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(service.Http.BaseAddress!.ToString().TrimEnd('/') + path, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        if (body is not null) request.Content = new StringContent(body) { Headers = { ContentType = System.Net.Http.Headers.MediaTypeHeaderValue.Parse(type) } };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var answer = await service.Http.SendAsync(request, patience.Token);
        var text = await answer.Content.ReadAsStringAsync(patience.Token);
        string Told() => $"{method} {path[..Math.Min(path.Length, 100)]} {what} {body?[..Math.Min(body.Length, 300)]}: {(int)answer.StatusCode} {text[..Math.Min(text.Length, 500)]}";
        if (!IsHonest(method, answer, text)) _faults.Add(Told());
    }

    private static bool IsHonest(string method, HttpResponseMessage answer, string text)
    {
        if (answer.Headers.Contains("Set-Cookie")) return false;
        if (answer.IsSuccessStatusCode) return true;
        // Graders are away here, and so are Sampling workers.
        if ((int)answer.StatusCode >= 500 && answer.StatusCode != HttpStatusCode.ServiceUnavailable) return false;
        // What is no HTTP the server refuses before any of the service sees it.
        var isServers = text.Length == 0 && answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestUriTooLong;
        return method == "HEAD" || isServers || (IsError(text) && text.Length < 8192);
    }

    private static bool IsError(string text)
    {
        try
        {
            var error = JsonDocument.Parse(text).RootElement.GetProperty("error");
            return error.EnumerateObject().Select(field => field.Name).SequenceEqual(["message", "type", "param", "code"]) && error.GetProperty("message").GetString()!.Length > 0;
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
