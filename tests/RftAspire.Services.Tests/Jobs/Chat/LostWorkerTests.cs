using System.Collections.Concurrent;
using Grpc.Core;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs.Chat;

/// <summary>Jobs without a worker: the tests say what a worker would say, or nothing.</summary>
public sealed class LostWorkerTests(LostWorkerTests.ImpatientJobs service) : IClassFixture<LostWorkerTests.ImpatientJobs>
{
    public sealed class ImpatientJobs : JobsUnderTest
    {
        protected override Dictionary<string, string?> Settings => new() { ["Jobs:Chat:Silence"] = "00:00:00.2", ["Jobs:Chat:Deadline"] = "00:00:08" };

        public ConcurrentQueue<CompletePrompt> Commands { get; } = [];

        protected override void Replace(IServiceCollection services) => services.AddMassTransitTestHarness(bus => bus.AddHandler((CompletePrompt command) =>
        {
            Commands.Enqueue(command);
            return Task.CompletedTask;
        }));
    }

    [RedisFact]
    public async Task Complete_WorkerFallsSilent_IsAskedForAgainAndGoesOnWhereItWas()
    {
        using var call = Complete("silent");
        var command = await CommandAsync("silent");
        await TellAsync(command, 0, ["a", "b"]);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal("ab", call.ResponseStream.Current.Delta.Text);
        await JobsUnderTest.UntilAsync(() => Task.FromResult(Commands("silent").Count() > 1));

        // Another one begins again, and says it in other parts.
        await TellAsync(command, 0, ["a"]);
        await TellAsync(command, 1, ["b", "c"], FinishReason.Length);

        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(("c", "length"), (call.ResponseStream.Current.Delta.Text, call.ResponseStream.Current.Delta.FinishReason));
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(3, call.ResponseStream.Current.Usage.CompletionTokens);
        Assert.All(Commands("silent"), again => Assert.Equal(command.Seed, again.Seed));
    }

    [RedisFact]
    public async Task Complete_LongerThanTheDeadline_IsDeadlineExceeded()
    {
        using var call = Complete("slow");
        var command = await CommandAsync("slow");
        await TellAsync(command, 0, ["a"]);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var error = await JobsUnderTest.FailsAsync(() => call.ResponseStream.MoveNext(CancellationToken.None), StatusCode.DeadlineExceeded);
        Assert.Contains("Jobs:Chat:Deadline", error.Status.Detail, StringComparison.Ordinal);
        Assert.True(await service.Harness.Published.Any<CancelCompletion>(cancel => cancel.Context.Message.RequestId == command.RequestId));
    }

    private AsyncServerStreamingCall<CompleteResponse> Complete(string prompt) =>
        new ChatService.ChatServiceClient(service.AdminChannel).Complete(new CompleteRequest { Model = "base", Prompt = prompt });

    private IEnumerable<CompletePrompt> Commands(string prompt) =>
        service.Commands.Where(command => command.Prompt == prompt);

    private async Task<CompletePrompt> CommandAsync(string prompt)
    {
        await JobsUnderTest.UntilAsync(() => Task.FromResult(Commands(prompt).Any()));
        return Commands(prompt).First();
    }

    private async Task TellAsync(CompletePrompt command, int offset, string[] texts, FinishReason? finish = null)
    {
        var part = new ChoiceTokens { Index = 0, Offset = offset, Tokens = [.. texts.Select(text => new CompletionToken(text))], Finish = finish };
        var endpoint = await service.Harness.Bus.GetSendEndpoint(command.ReplyTo);
        await endpoint.Send(new CompletionNews([new CompletionChunk { RequestId = command.RequestId, PromptTokens = 2, Choices = [part] }]));
    }
}
