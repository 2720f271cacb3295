using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using RftAspire.Contracts.Graders;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading.Remote;

public sealed class EndpointGraderTests : IAsyncLifetime
{
    private const string Secret = "s3cr3t-of-the-grader";
    private StubEndpoint _stub = null!;

    public async Task InitializeAsync() => _stub = await StubEndpoint.StartAsync();

    public async Task DisposeAsync() => await _stub.DisposeAsync();

    [Fact]
    public async Task GradeAsync_Answer_SendsSampleRowAndTraceAndTakesTheScore()
    {
        _stub.Answer = (context, _) => StubEndpoint.Score(context, "-2.5");

        var result = await GradeAsync("{}", "<think>so</think>{\"a\":1}", """{"label":"A"}""");
        await GradeAsync("{}", "<think>so</think>{\"a\":1}", """{"label":"A"}""");
        await GradeAsync("{}", "another answer", """{"label":"A"}""");

        Assert.Equal(-2.5, Assert.IsType<GradeResult.Reward>(result).Value);
        Assert.Equal(("custom", "endpoint", -2.5), (result.Parts[0].Name, result.Parts[0].Type, result.Parts[0].Reward));
        var asked = _stub.Asked.Select(request => JsonElement.Parse(request.Body)).ToArray();
        Assert.Equal("A", asked[0].GetProperty("item").GetProperty("label").GetString());
        Assert.Equal(("""{"a":1}""", "so"), (asked[0].GetProperty("sample").GetProperty("output_text").GetString(), asked[0].GetProperty("sample").GetProperty("reasoning").GetString()));
        Assert.Equal(1, asked[0].GetProperty("sample").GetProperty("output_json").GetProperty("a").GetInt32());
        var traces = asked.Select(body => body.GetProperty("trace_id").GetString()).ToArray();
        Assert.Matches("^[0-9a-f]{32}$", traces[0]);
        Assert.Equal(traces[0], traces[1]);
        Assert.NotEqual(traces[0], traces[2]);
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("[0.5]")]
    [InlineData("""{"reward": 0.5}""")]
    [InlineData("""{"score": "0.5"}""")]
    [InlineData("""{"score": NaN}""")]
    [InlineData("""{"score": 1e999}""")]
    [InlineData("""{"score": 1.5}""")]
    [InlineData("large")]
    public async Task GradeAsync_AnswerThatIsNoScore_IsUngradedAtOnce(string answer)
    {
        _stub.Answer = (context, _) => StubEndpoint.Write(context, 200, answer == "large" ? $$"""{"score": 1, "more": "{{new string('x', 70_000)}}"}""" : answer);

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync("""{"range": [0, 1]}"""));

        Assert.Equal("endpoint_result", result.Kind);
        Assert.Single(_stub.Asked);
    }

    [Theory]
    [InlineData(400, "endpoint_rejected", 1)]
    [InlineData(403, "endpoint_rejected", 1)]
    [InlineData(500, "endpoint_unavailable", 4)]
    public async Task GradeAsync_Failure_SaysWhatTheServiceSaid(int status, string kind, int attempts)
    {
        _stub.Answer = (context, _) => StubEndpoint.Write(context, status, """{"error": {"message": "the index\nis gone"}}""");

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync("{}"));

        Assert.Equal((kind, attempts), (result.Kind, _stub.Asked.Count));
        Assert.Contains($"answers {status}: the index is gone", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GradeAsync_Redirect_IsNotFollowed()
    {
        _stub.Answer = (context, _) =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        };

        Assert.Equal("endpoint_rejected", Assert.IsType<GradeResult.Ungraded>(await GradeAsync("{}")).Kind);
        Assert.Single(_stub.Asked);
    }

    [Fact]
    public async Task GradeAsync_BusyService_WaitsAsLongAsItSays()
    {
        _stub.Answer = (context, number) =>
        {
            context.Response.Headers.RetryAfter = "1";
            return number == 1 ? StubEndpoint.Write(context, 429, "") : StubEndpoint.Score(context, "0.5");
        };

        Assert.Equal(0.5, Assert.IsType<GradeResult.Reward>(await GradeAsync("{}")).Value);

        var times = _stub.Asked.Select(request => request.At).ToArray();
        Assert.True(times[1] - times[0] > TimeSpan.FromSeconds(0.9), $"asked again after {times[1] - times[0]}");
    }

    [Fact]
    public async Task GradeAsync_NoAnswerInTime_IsUngradedAfterSomeAttempts()
    {
        _stub.Answer = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync("""{"timeout_seconds": 0.1}"""));

        Assert.Equal("endpoint_timeout", result.Kind);
        Assert.Contains("0.1 s", result.Message, StringComparison.Ordinal);
        Assert.InRange(_stub.Asked.Count, 2, 4);
    }

    [Fact]
    public async Task GradeAsync_NobodyListens_IsUngradedWhenTheOutageLimitIsReached()
    {
        using var closed = new TcpListener(System.Net.IPAddress.Loopback, 0);
        closed.Start();
        var url = $"http://{closed.LocalEndpoint}/";
        closed.Stop();
        using var lines = StubEndpoint.Lines(() => new GradingOptions { OutageLimit = TimeSpan.FromSeconds(1) });

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync("{}", lines: lines, url: url));

        Assert.Equal("endpoint_unavailable", result.Kind);
        Assert.Contains(new Uri(url).Authority, result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GradeAsync_ServiceAwayForAWhile_LeavesNoRolloutUngraded()
    {
        var back = false;
        using var lines = StubEndpoint.Lines();
        var seen = new TaskCompletionSource();
        lines.Changed += () =>
        {
            if (lines.All.Single().Outage is not null) seen.TrySetResult();
        };
        _stub.Answer = (context, _) => Volatile.Read(ref back) ? StubEndpoint.Score(context, "1") : StubEndpoint.Write(context, 503, "closed for now");

        var calls = Enumerable.Range(0, 40).Select(answer => GradeAsync("{}", answer.ToString(CultureInfo.InvariantCulture), lines: lines, jobId: "job-1")).ToArray();
        await seen.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(["job-1"], lines.All.Single().Jobs);
        Assert.Contains("503: closed for now", lines.All.Single().Outage!.Cause, StringComparison.Ordinal);
        Volatile.Write(ref back, true);

        Assert.All(await Task.WhenAll(calls), result => Assert.IsType<GradeResult.Reward>(result));
        Assert.Null(lines.All.Single().Outage);
        Assert.Empty(lines.All.Single().Jobs);
    }

    [Fact]
    public async Task GradeAsync_ManyAnswers_AreNeverMoreAtOnceThanAllowed()
    {
        _stub.Answer = async (context, _) =>
        {
            await Task.Delay(20);
            await StubEndpoint.Score(context, "1");
        };
        using var lines = StubEndpoint.Lines(() => new GradingOptions { Concurrency = 3 });

        await Task.WhenAll(Enumerable.Range(0, 12).Select(answer => GradeAsync("{}", answer.ToString(CultureInfo.InvariantCulture), lines: lines)));

        Assert.Equal((12, 3), (_stub.Asked.Count, _stub.MostAtOnce));
    }

    [Fact]
    public async Task GradeAsync_RateLimit_SpacesRequests()
    {
        using var lines = StubEndpoint.Lines();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(answer => GradeAsync("""{"rate_limit": 10}""", answer.ToString(CultureInfo.InvariantCulture), lines: lines)));

        var times = _stub.Asked.Select(request => request.At).ToArray();
        Assert.True(times.Max() - times.Min() > TimeSpan.FromSeconds(0.45), $"six requests within {times.Max() - times.Min()}");
    }

    [Theory]
    [InlineData(401)]
    [InlineData(500)]
    public async Task GradeAsync_ServiceEchoesASecret_IsNotShown(int status)
    {
        var grader = $$$"""{"headers": {"X-Secret": "Bearer {{{Secret}}}"}}""";
        _stub.Answer = (context, _) => StubEndpoint.Write(context, status, $"bad key {Secret} / {context.Request.Headers["X-Secret"]}");

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync(grader));

        Assert.Equal($"Bearer {Secret}", _stub.Asked.First().Secret);
        Assert.Contains("bad key", result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, result.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, GraderDefinition.Parse(Json(grader, _stub.Url)).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data", "", false)]
    [InlineData("http://grader.example/", "", false)]
    [InlineData("http://grader.example/", "localhost, grader.example", true)]
    [InlineData("https://GRADER.example/", "grader.example:443", true)]
    [InlineData("http://grader.example/", "grader.example:443", false)]
    [InlineData("http://grader.example.evil/", "grader.example", false)]
    [InlineData("http://[::1]:9000/", "", true)]
    [InlineData("http://[::1]:9000/", "[::1]:9001", false)]
    [InlineData("http://127.0.0.1:9000/", "127.0.0.1:9000", true)]
    public void Create_Host_MustBeAllowed(string url, string allowed, bool possible)
    {
        using var lines = StubEndpoint.Lines(() => allowed.Length > 0 ? new GradingOptions { AllowedHosts = allowed } : new GradingOptions());
        var factory = new GraderFactory { Lines = lines };
        var json = JsonSerializer.Serialize(new { type = "multi", graders = new { part = new { type = "endpoint", url } }, calculate_output = "part" });

        var error = Record.Exception(() => factory.Parse(json));

        Assert.Equal(possible, error is null);
        if (error is not null) Assert.Contains("Grading:AllowedHosts", Assert.IsType<GraderException>(error).Message, StringComparison.Ordinal);
        if (error is GraderException fault) Assert.Equal("$.graders.part.url", fault.Path);
    }

    [Theory]
    [InlineData("a b:c:d")]
    [InlineData("host:0")]
    [InlineData("http://host")]
    public void Create_SettingThatNamesNoHost_SaysSo(string allowed)
    {
        var error = Assert.Throws<InvalidOperationException>(() => StubEndpoint.Lines(() => new GradingOptions { AllowedHosts = allowed }));
        Assert.Contains("Grading:AllowedHosts", error.Message, StringComparison.Ordinal);
    }

    private async Task<GradeResult> GradeAsync(
        string fields, string answer = "answer", string item = "{}", RftAspire.Grading.Remote.RemoteLines? lines = null, string? url = null, string? jobId = null)
    {
        using var own = lines is null ? StubEndpoint.Lines() : null;
        var grader = new GraderFactory { Lines = lines ?? own! }.Parse(Json(fields, url ?? _stub.Url));
        return await grader.GradeAsync(new GradeRequest(JsonElement.Parse(item), new Sample(answer)) { JobId = jobId }, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static string Json(string fields, string url) =>
        $$"""{"type": "endpoint", "name": "custom", "url": "{{url}}"{{(fields.Trim() == "{}" ? "}" : "," + fields.Trim()[1..])}}""";
}
