using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using RftAspire.Cli;
using RftAspire.Cli.Platform;

namespace RftAspire.Services.Tests.Cli;

public class RpcFailureTests
{
    private const string Server = "http://127.0.0.1:7081";

    [Fact]
    public void Of_OneViolationThatTheMessageRepeats_IsToldOnce()
    {
        var failure = RpcFailure.Of(Invalid("model: there is no model 'x'", ("model", "there is no model 'x'")), Server);
        Assert.Equal((ExitCode.Usage, "model: there is no model 'x'", 0), (failure.Code, failure.Message, failure.Details.Count));
    }

    [Fact]
    public void Of_SeveralViolations_AreAList()
    {
        var failure = RpcFailure.Of(Invalid("model: unknown; suffix: too long", ("model", "unknown"), ("suffix", "too long")), Server);
        Assert.Equal("the platform refuses the request:", failure.Message);
        Assert.Equal(["model: unknown", "suffix: too long"], failure.Details);
    }

    [Fact]
    public void Of_PlatformThatLacksAService_RepeatsItsReason()
    {
        var failure = RpcFailure.Of(new RpcException(new(StatusCode.Unavailable, "the job store does not answer; try again")), Server);
        Assert.Equal((ExitCode.Unreachable, $"the platform at {Server} cannot serve this now: the job store does not answer; try again"), (failure.Code, failure.Message));
    }

    [Fact]
    public void Of_InternalError_IsAFailure()
    {
        var failure = RpcFailure.Of(new RpcException(new(StatusCode.Internal, "out of disk")), Server);
        Assert.Equal((ExitCode.Failed, $"the platform at {Server} answered Internal: out of disk"), (failure.Code, failure.Message));
    }

    private static RpcException Invalid(string message, params (string Field, string Description)[] violations)
    {
        var request = new BadRequest();
        foreach (var (field, description) in violations) request.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = field, Description = description });
        var status = new Google.Rpc.Status { Code = 3, Message = message, Details = { Any.Pack(request) } };
        return new RpcException(new Grpc.Core.Status(StatusCode.InvalidArgument, message), new Metadata { { "grpc-status-details-bin", status.ToByteArray() } });
    }
}
