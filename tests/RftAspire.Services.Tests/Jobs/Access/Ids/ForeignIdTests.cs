using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Evals;
using RftAspire.Services.Tests.Jobs.OpenAi;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace RftAspire.Services.Tests.Jobs.Access.Ids;

/// <summary>
/// Every endpoint that takes an id, over both faces: to another tenant's it says what it says to one that never was, with the same
/// headers, and asks Redis for the same things, which are as large.
/// </summary>
public sealed partial class ForeignIdTests(ForeignIdTests.Profiled service, ITestOutputHelper output) : IClassFixture<ForeignIdTests.Profiled>, IDisposable
{
    private const int Calls = 400;
    private static readonly string[] s_ofTheCall = ["Date", "x-request-id", "openai-processing-ms"];

    // Limits are the operator's to set, whoever asks.
    private static readonly string[] s_sameForOwners = ["rft.jobs.v1.KeyService/SetLimits"];

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    [RedisFact]
    public async Task AnyEndpoint_ForeignId_IsAnsweredAsAnUnknownOne()
    {
        var (owner, stranger) = (await TenantWorld.CreateAsync(service, "owner"), await TenantWorld.CreateAsync(service, "stranger"));
        var faults = new List<string>();
        foreach (var (request, first) in Cases())
        {
            var foreign = await AskAsync(request, stranger, kind => IdOf(request, first, kind, stranger, owner), owner);
            var nobodys = owner.Unknown();
            var unknown = await AskAsync(request, stranger, kind => IdOf(request, first, kind, stranger, nobodys), nobodys);
            var readsMore = Math.Abs(foreign.Read - unknown.Read) > TenantWorld.Much / 2;
            if (readsMore || foreign with { Read = 0 } != unknown with { Read = 0 }) faults.Add($"{request.Endpoint}, {request.Kinds[first]}:\n{foreign}\n{unknown}");
        }
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
    }

    // Else the test above would compare two unknown ids.
    [RedisFact]
    public async Task AnyEndpoint_OwnId_IsAnsweredOtherwise()
    {
        var stranger = await TenantWorld.CreateAsync(service, "other-stranger");
        var unchanged = await TenantWorld.CreateAsync(service, "keeper");
        var faults = new List<string>();
        foreach (var (request, _) in Cases().Where(one => one.First == 0 && !s_sameForOwners.Contains(one.Request.Endpoint)))
        {
            var owner = request.Reads ? unchanged : await TenantWorld.CreateAsync(service, $"owner-{faults.Count}-{Guid.NewGuid():N}"[..24]);
            var foreign = await AskAsync(request, stranger, kind => owner[kind], owner);
            var own = await AskAsync(request, owner, kind => owner[kind], owner);
            if (foreign.Said == own.Said) faults.Add($"{request.Endpoint}: {own}");
        }
        Assert.True(faults.Count == 0, string.Join("\n\n", faults));
    }

    [RedisFact]
    public async Task CreateJob_KeyOfAnotherTenantsCreate_IsAKeyLikeAnyOther()
    {
        var (owner, stranger) = (await TenantWorld.CreateAsync(service, "owner-keyed"), await TenantWorld.CreateAsync(service, "stranger-keyed"));
        var create = Cases().First(one => one.Request.Endpoint == "POST /v1/fine_tuning/jobs").Request;
        async Task<string> CreateAsync(TenantWorld tenant, string key)
        {
            using var message = create.Build(kind => kind == "model" ? "base" : tenant[kind]);
            message.Headers.Add("Idempotency-Key", key);
            using var answer = await SendAsync(message, tenant.Key);
            return (await answer.JsonAsync()).GetProperty("id").GetString()!;
        }

        var owners = await CreateAsync(owner, "used");
        var known = await CreateAsync(stranger, "used");
        var unknown = await CreateAsync(stranger, "never-used");

        Assert.Equal(3, new[] { owners, known, unknown }.Distinct().Count());
        Assert.Equal(known, await CreateAsync(stranger, "used"));
    }

    [MeasuredFact]
    public async Task AnyEndpoint_ForeignId_TakesAsLongAsAnUnknownOne()
    {
        var (owner, stranger) = (await TenantWorld.CreateAsync(service, "owner-timed"), await TenantWorld.CreateAsync(service, "stranger-timed"));
        var nobodys = owner.Unknown();
        output.WriteLine("µs, medians:  foreign  unknown");
        foreach (var (request, first) in Cases().Where(one => one.First == 0))
        {
            var times = new List<double>[] { [], [] };
            for (var i = 0; i < 2 * Calls; i++)
            {
                var target = i % 2 == 0 ? owner : nobodys;
                using var message = request.Build(kind => IdOf(request, first, kind, stranger, target));
                var start = Stopwatch.GetTimestamp();
                using var answer = await SendAsync(message, stranger.Key);
                await answer.Content.ReadAsByteArrayAsync();
                times[i % 2].Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
            }
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Median(times[0]),9:0} {Median(times[1]),9:0}  {request.Endpoint}"));
        }
    }

    public void Dispose() => _http.Dispose();

    private IEnumerable<(IdRequest Request, int First)> Cases() => service.Services.GetRequiredService<EndpointDataSource>().Endpoints.Cast<RouteEndpoint>()
        .SelectMany(endpoint => IdRequests.Of(endpoint, service.GrpcAddress, endpoint.Metadata.GetMetadata<NeedsAttribute>()?.Reads == true))
        .SelectMany(request => request.Kinds.Select((_, first) => (request, first)));

    // What the foreign thing lies in is the caller's own.
    private static string IdOf(IdRequest request, int first, string kind, TenantWorld own, TenantWorld target) => request.Kinds.ToList().IndexOf(kind) < first ? own[kind] : target[kind];

    private async Task<Answer> AskAsync(IdRequest request, TenantWorld caller, Func<string, string> id, TenantWorld target)
    {
        var before = await ReadAsync();
        var call = Guid.NewGuid().ToString("N");
        using var message = request.Build(id);
        message.Headers.Add(CallProfile.Header, call);
        using var answer = await SendAsync(message, caller.Key);
        var said = new StringBuilder($"{(int)answer.StatusCode} ").Append(await answer.Content.ReadAsStringAsync());
        foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Concat(answer.TrailingHeaders).Where(header => !s_ofTheCall.Contains(header.Key, StringComparer.OrdinalIgnoreCase)).OrderBy(header => header.Key, StringComparer.Ordinal))
            said.Append(CultureInfo.InvariantCulture, $"\n{name}: {Plain(name, string.Join(", ", values))}");
        foreach (var kind in request.Kinds.OrderByDescending(kind => target[kind].Length)) said.Replace(target[kind], $"<{kind}>");
        return new Answer(said.ToString(), await service.Profile.OfAsync(call), await ReadAsync() - before);
    }

    // What Redis has answered by now, to anybody.
    private async Task<long> ReadAsync() =>
        long.Parse(ReadBytes().Match((string)(await service.Statistics.ExecuteAsync("INFO", "stats"))!).Groups[1].Value, CultureInfo.InvariantCulture);

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, string key)
    {
        if (!message.RequestUri!.IsAbsoluteUri) message.RequestUri = new Uri(service.Http.BaseAddress!, message.RequestUri);
        message.Headers.Authorization = new("Bearer", key);
        return _http.SendAsync(message);
    }

    private static string Plain(string name, string value) => name.EndsWith("-bin", StringComparison.Ordinal)
        ? Encoding.Latin1.GetString(Convert.FromBase64String(value.PadRight((value.Length + 3) / 4 * 4, '=')))
        : value;

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    [GeneratedRegex("total_net_output_bytes:([0-9]+)")]
    private static partial Regex ReadBytes();

    private sealed record Answer(string Said, string Commands, long Read);

    public sealed class Profiled : JobsUnderTest
    {
        internal CallProfile Profile { get; } = new();
        internal IDatabase Statistics { get; private set; } = null!;

        protected override Dictionary<string, string?> Settings => new()
        {
            ["Jobs:Chat:Patience"] = "00:00:00.100",
            ["Jobs:Chat:Silence"] = "00:00:00.100",
            ["Jobs:AnswerPatience"] = "00:00:00.050",
            ["Jobs:SweepInterval"] = "01:00:00",
        };

        protected override void Replace(IServiceCollection services)
        {
            services.AddSingleton<IStartupFilter>(Profile);
            // Nor is what runs beside the calls.
            services.Remove(services.Single(service => service.ImplementationType == typeof(EvalRunner)));
            // Limits that a tenant was found to have stay known: when they are read again is no part of an answer.
            services.AddSingleton<TimeProvider>(new StandingClock());
        }

        protected override void Started()
        {
            Profile.Watch(Services.GetRequiredService<ConnectionMultiplexer>());
            Statistics = Redis.Connect().GetDatabase();
        }
    }

    private sealed class StandingClock : TimeProvider
    {
        private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => _now;
    }
}

/// <summary>A measurement: RFT_MEASURE=1 dotnet test tests/RftAspire.Services.Tests --filter ForeignIdTests --logger "console;verbosity=detailed".</summary>
public sealed class MeasuredFactAttribute : FactAttribute
{
    public MeasuredFactAttribute()
    {
        if (!RedisServer.IsInstalled || Environment.GetEnvironmentVariable("RFT_MEASURE") is null) Skip = "measures, and asserts nothing; set RFT_MEASURE";
    }
}
