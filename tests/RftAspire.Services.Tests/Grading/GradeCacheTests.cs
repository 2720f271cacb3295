using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.Grading;
using RftAspire.Services.Tests.Jobs;

namespace RftAspire.Services.Tests.Grading;

public sealed class GradeCacheTests : IClassFixture<RedisServer>
{
    private const string Definition = """{"type": "endpoint", "name": "custom", "url": "http://localhost:9000/"}""";
    private readonly RedisServer _redis;
    private readonly string _row = Guid.NewGuid().ToString();

    public GradeCacheTests(RedisServer redis) => _redis = redis;

    [RedisFact]
    public async Task GradeAsync_SameQuestion_IsPaidForOnce()
    {
        var paid = new PaidGrader();
        var first = await GradeAsync(paid, "answer");

        Assert.Equal(JsonSerializer.Serialize<object>(first), JsonSerializer.Serialize<object>(await GradeAsync(paid, "answer")));
        Assert.Equal(1, paid.Calls);
        await GradeAsync(paid, "another answer");
        await GradeAsync(paid, "answer", edition: "2");
        await GradeAsync(paid, "answer", Definition.Replace("9000", "9001", StringComparison.Ordinal));
        await GradeAsync(paid, "answer", finish: FinishReason.Length);
        Assert.Equal(5, paid.Calls);
    }

    [RedisFact]
    public async Task GradeAsync_SameGraderWrittenOtherwise_IsTheSame()
    {
        var paid = new PaidGrader();
        await GradeAsync(paid, "answer");
        await GradeAsync(paid, "answer", """{"url":"http://localhost:9000/",   "name":"custom","type":"endpoint"}""");
        Assert.Equal(1, paid.Calls);
    }

    [RedisFact]
    public async Task GradeAsync_UngradedOrWithoutEdition_IsAskedAgain()
    {
        var paid = new PaidGrader { Fails = true };
        await GradeAsync(paid, "answer");
        await GradeAsync(paid, "answer");
        Assert.Equal(2, paid.Calls);
        paid.Fails = false;
        await GradeAsync(paid, "answer", edition: null);
        await GradeAsync(paid, "answer", edition: null);
        Assert.Equal(4, paid.Calls);
    }

    [RedisFact]
    public async Task GradeAsync_KeptResult_GoesAfterItsTime()
    {
        var paid = new PaidGrader();
        await GradeAsync(paid, "answer");

        var definition = GraderDefinition.Parse(Definition);
        var ttl = await _redis.Connect().GetDatabase().KeyTimeToLiveAsync($"rft:grade:{GradeDigest.Of(definition, "1", Request("answer"))}");

        Assert.InRange(ttl!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
    }

    [RedisFact]
    public async Task GradeAsync_RedisAway_GradesAndSaysSoOnce()
    {
        var own = new RedisServer();
        await own.StartAsync();
        var log = new Lines();
        var cache = Cache(own, log);
        var paid = new PaidGrader();
        await GradeAsync(paid, "answer", cache: cache);
        own.Kill();

        for (var i = 0; i < 5; i++) Assert.IsType<GradeResult.Reward>(await GradeAsync(paid, "answer", cache: cache));

        await own.DisposeAsync();
        Assert.Equal(6, paid.Calls);
        Assert.Single(log.Warnings);
    }

    private async Task<GradeResult> GradeAsync(
        IGrader grader, string answer, string json = Definition, string? edition = "1", FinishReason finish = FinishReason.Stop, GradeCache? cache = null) =>
        await new CachedGrader(GraderDefinition.Parse(json), grader, cache ?? Cache(_redis, new Lines()), (_, _) => new(edition)).GradeAsync(Request(answer, finish), default);

    private GradeRequest Request(string answer, FinishReason finish = FinishReason.Stop) => new(JsonElement.Parse($$"""{"row": "{{_row}}"}"""), new Sample(answer, finish));

    private static GradeCache Cache(RedisServer redis, Lines log) => new(redis.Connect, Options.Create(new GradingOptions()), log);

    private sealed class PaidGrader : IGrader
    {
        public int Calls { get; private set; }

        public bool Fails { get; set; }

        public ValueTask<GradeResult> GradeAsync(GradeRequest request, CancellationToken cancellation)
        {
            Calls++;
            var part = new GraderPart { Name = "custom.short", Type = "endpoint", Reward = 1 };
            return new(Fails ? new GradeResult.Ungraded("endpoint_timeout", "too slow") : new GradeResult.Reward(0.25) { Explanation = "so so", Parts = [part] });
        }

        public IEnumerable<string> ConstantAnswers(IReadOnlyList<JsonElement> items) => [];
    }

    private sealed class Lines : ILogger<GradeCache>
    {
        public List<string> Warnings { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning) Warnings.Add(formatter(state, exception));
        }
    }
}
