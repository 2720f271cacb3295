using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs.Chat;

/// <summary>Jobs without a worker: the tests say what a worker would say, or nothing.</summary>
public sealed class LostWorkerTests(ImpatientJobs service) : IClassFixture<ImpatientJobs>
{
    [RedisFact]
    public async Task Complete_WorkerFallsSilent_IsAskedForAgainAndGoesOnWhereItWas()
    {
        using var call = Complete("silent");
        var command = await service.CommandAsync("silent");
        await service.TellAsync(command, 0, ["a", "b"]);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("ab", call.ResponseStream.Current.Delta.Text);
        await JobsUnderTest.UntilAsync(() => Task.FromResult(service.Sent("silent").Count() > 1));

        // Another one begins again, and says it in other parts.
        await service.TellAsync(command, 0, ["a"]);
        await service.TellAsync(command, 1, ["b", "c"], FinishReason.Length);

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(("c", "length"), (call.ResponseStream.Current.Delta.Text, call.ResponseStream.Current.Delta.FinishReason));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(3, call.ResponseStream.Current.Usage.CompletionTokens);
        Assert.All(service.Sent("silent"), again => Assert.Equal(command.Seed, again.Seed));
    }

    [RedisFact]
    public async Task Complete_LongerThanTheDeadline_IsDeadlineExceeded()
    {
        using var call = Complete("slow");
        var command = await service.CommandAsync("slow");
        await service.TellAsync(command, 0, ["a"]);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var error = await JobsUnderTest.FailsAsync(() => call.ResponseStream.MoveNext(CancellationToken.None), StatusCode.DeadlineExceeded);
        Assert.Contains("Jobs:Chat:Deadline", error.Status.Detail, StringComparison.Ordinal);
        await service.CancelledAsync(command);
    }

    private AsyncServerStreamingCall<CompleteResponse> Complete(string prompt) =>
        new ChatService.ChatServiceClient(service.AdminChannel).Complete(new CompleteRequest { Model = "base", Prompt = prompt });
}
