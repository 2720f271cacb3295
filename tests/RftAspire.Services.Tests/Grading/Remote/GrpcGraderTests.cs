using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Messages;
using RftAspire.ForeignClients;
using RftAspire.Grading;
using RftAspire.Grading.Remote;
using Wire = RftAspire.Contracts.Graders.V1;

namespace RftAspire.Services.Tests.Grading.Remote;

public sealed class GrpcGraderTests : IAsyncLifetime
{
    private readonly RemoteLines _lines = StubEndpoint.Lines();
    private readonly StubGrader _stub = new();
    private WebApplication _app = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = Path.GetTempPath() });
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton(_stub);
        builder.Services.AddGrpc();
        _app = builder.Build();
        _app.MapGrpcService<StubGrader>();
        await _app.StartAsync();
    }

    public async Task DisposeAsync()
    {
        _lines.Dispose();
        await _app.DisposeAsync();
    }

    [NodeFact]
    public async Task GradeAsync_GraderInJavaScript_IsUnderstoodInEveryField()
    {
        var protos = Path.Combine(NodeFactAttribute.Repository, "src", "RftAspire.Contracts", "Protos");
        using var node = Process.Start(new ProcessStartInfo("node", ["grader.js", protos])
        {
            WorkingDirectory = Path.Combine(NodeFactAttribute.Repository, "tests", "foreign-clients", "node"),
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            var port = await node.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60));
            var grader = Parse($$$"""{"type": "grpc", "name": "word", "address": "http://127.0.0.1:{{{port}}}", "config": {"most": 10}}""");

            var rewarded = Assert.IsType<GradeResult.Reward>(await grader.GradeAsync(
                new GradeRequest(JsonElement.Parse("""{"word": "blue"}"""), new Sample("<think>of skies</think>blue, a colour", FinishReason.Length)) { JobId = "job-1" }, default));
            Assert.Equal((0.5, "length of skies 32 job-1"), (rewarded.Value, rewarded.Explanation));
            Assert.Equal([("word", 0.5), ("word.found", 1), ("word.short", (double?)0)], rewarded.Parts.Select(part => (part.Name, part.Reward)));
            Assert.Equal(new GradeResult.Ungraded("no_word", "the row has no word"), await GradeAsync(grader, "{}", "blue") with { Parts = [] });
            var broken = Assert.IsType<GradeResult.Ungraded>(await GradeAsync(grader, """{"word": "blue"}""", "broken"));
            Assert.Equal("endpoint_rejected", broken.Kind);
            Assert.Contains("InvalidArgument: not this one", broken.Message, StringComparison.Ordinal);
        }
        finally
        {
            node.StandardInput.Close();
            await node.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1.5)]
    [InlineData(null)]
    public async Task GradeAsync_AnswerThatIsNoReward_IsUngraded(double? reward)
    {
        _stub.Range = new Wire.RewardRange { Min = 0, Max = 1 };
        _stub.Answer = _ => reward is { } value ? new Wire.GradeResponse { Reward = value } : new Wire.GradeResponse();

        Assert.Equal("endpoint_result", Assert.IsType<GradeResult.Ungraded>(await GradeAsync(Grader())).Kind);
    }

    [Theory]
    [InlineData(StatusCode.PermissionDenied, "endpoint_rejected", 1)]
    [InlineData(StatusCode.Unknown, "endpoint_unavailable", 4)]
    public async Task GradeAsync_StatusOfTheService_DecidesWhetherItIsAskedAgain(StatusCode status, string kind, int attempts)
    {
        _stub.Answer = _ => throw new RpcException(new Status(status, "the rules are gone"));

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync(Grader()));

        Assert.Equal((kind, attempts), (result.Kind, _stub.Grades));
        Assert.Contains($"{status}: the rules are gone", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task GradeAsync_UnavailableAtFirst_IsGradedLater()
    {
        _stub.Answer = _ => _stub.Grades < 3 ? throw new RpcException(new Status(StatusCode.Unavailable, "starting")) : new Wire.GradeResponse { Reward = 3 };

        Assert.Equal(3, Assert.IsType<GradeResult.Reward>(await GradeAsync(Grader())).Value);
    }

    [Fact]
    public async Task GradeAsync_SlowService_IsGivenUp()
    {
        _stub.Answer = _ =>
        {
            Thread.Sleep(400);
            return new Wire.GradeResponse { Reward = 1 };
        };

        var result = Assert.IsType<GradeResult.Ungraded>(await GradeAsync(Grader(""", "timeout_seconds": 0.1""")));

        Assert.Equal("endpoint_timeout", result.Kind);
    }

    [Fact]
    public async Task GradeAsync_ServiceThatDoesNotDescribeItself_IsAskedAllTheSame()
    {
        _stub.Describes = false;
        Assert.Equal(1, Assert.IsType<GradeResult.Reward>(await GradeAsync(Grader())).Value);
    }

    [Fact]
    public void Create_Host_MustBeAllowed() =>
        Assert.Contains("Grading:AllowedHosts", Assert.Throws<GraderException>(() => Parse("""{"type": "grpc", "address": "http://10.0.0.1:9000"}""")).Message, StringComparison.Ordinal);

    private IGrader Grader(string more = "") => Parse($$"""{"type": "grpc", "name": "stub", "address": "{{_app.Urls.Single()}}"{{more}}}""");

    private IGrader Parse(string json) => new GraderFactory { Lines = _lines }.Parse(json);

    private static async Task<GradeResult> GradeAsync(IGrader grader, string item = "{}", string answer = "answer") =>
        await grader.GradeAsync(new GradeRequest(JsonElement.Parse(item), new Sample(answer)), default).AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    internal sealed class StubGrader : Wire.GraderService.GraderServiceBase
    {
        private int _grades;

        public int Grades => _grades;
        public bool Describes { get; set; } = true;
        public string Version { get; set; } = "1";
        public Wire.RewardRange? Range { get; set; }
        public Func<Wire.GradeRequest, Wire.GradeResponse> Answer { get; set; } = _ => new Wire.GradeResponse { Reward = 1 };

        public override Task<Wire.DescribeResponse> Describe(Wire.DescribeRequest request, ServerCallContext context) => Describes
            ? Task.FromResult(new Wire.DescribeResponse { Name = "stub", Version = Version, Range = Range })
            : base.Describe(request, context);

        public override async Task<Wire.GradeResponse> Grade(Wire.GradeRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref _grades);
            await Task.Yield();
            return Answer(request);
        }
    }
}
