using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public class PlatformFailureTests
{
    [Fact]
    public async Task Failure_OneViolationThatTheMessageRepeats_IsToldOnce() =>
        Assert.Equal((ExitCode.Usage, "rft: model: there is no model 'x'"), await ToldAsync(Invalid("model: there is no model 'x'", ("model", "there is no model 'x'"))));

    [Fact]
    public async Task Failure_SeveralViolations_AreAList() => Assert.Equal(
        (ExitCode.Usage, "rft: the platform refuses the request:\n  model: unknown\n  suffix: too long"),
        await ToldAsync(Invalid("model: unknown; suffix: too long", ("model", "unknown"), ("suffix", "too long"))));

    [Theory]
    [InlineData(StatusCode.Unavailable, "the job store does not answer; try again", ExitCode.Unreachable, "rft: the platform at {0} cannot serve this now: the job store does not answer; try again")]
    [InlineData(StatusCode.Internal, "out of disk", ExitCode.Failed, "rft: the platform at {0} answered Internal: out of disk")]
    [InlineData(StatusCode.NotFound, "there is no job 'x'", ExitCode.Usage, "rft: there is no job 'x'")]
    [InlineData(StatusCode.Aborted, "the key was used for another request", ExitCode.Usage, "rft: the key was used for another request")]
    [InlineData(StatusCode.PermissionDenied, "a viewer may not", ExitCode.Usage, "rft: a viewer may not")]
    [InlineData(StatusCode.ResourceExhausted, "two jobs at once are the limit", ExitCode.Usage, "rft: two jobs at once are the limit")]
    public async Task Failure_Status_HasItsCodeAndThePlatformsWords(StatusCode status, string detail, int code, string told)
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Fault = new RpcException(new(status, detail));

        var run = await platform.RunAsync("jobs", "show", "ftjob-1");

        Assert.Equal((code, string.Format(null, told, platform.Server)), (run.Code, run.Error.Trim()));
    }

    [Fact]
    public async Task Failure_NobodyThere_SaysHowToStart()
    {
        var run = await CliRun.OfAsync("--server", "http://127.0.0.1:1", "jobs", "list");

        Assert.Equal(ExitCode.Unreachable, run.Code);
        Assert.StartsWith("rft: cannot reach the platform at http://127.0.0.1:1 (Connection refused", run.Error, StringComparison.Ordinal);
        Assert.Contains("./run.sh", run.Error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Error)> ToldAsync(RpcException fault)
    {
        await using var platform = await FakePlatform.StartAsync();
        platform.Jobs.Fault = fault;
        var run = await platform.RunAsync("jobs", "show", "ftjob-1");
        return (run.Code, run.Error.ReplaceLineEndings("\n").Trim());
    }

    private static RpcException Invalid(string message, params (string Field, string Description)[] violations)
    {
        var request = new BadRequest();
        foreach (var (field, description) in violations) request.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });
        var status = new Google.Rpc.Status { Code = 3, Message = message, Details = { Any.Pack(request) } };
        return new RpcException(new Grpc.Core.Status(StatusCode.InvalidArgument, message), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }
}
