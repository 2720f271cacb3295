using Grpc.Core;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Services.Tests.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.Chat;

/// <summary>Nobody takes what is asked.</summary>
public sealed class NoWorkerTests(NoWorkerTests.LonelyJobs service) : IClassFixture<NoWorkerTests.LonelyJobs>
{
    public sealed class LonelyJobs : JobsUnderTest
    {
        protected override Dictionary<string, string?> Settings => new() { ["Jobs:Chat:Silence"] = "00:00:00.2", ["Jobs:Chat:Patience"] = "00:00:00.5" };
    }

    [RedisFact]
    public async Task Complete_NoWorkerTakesIt_IsUnavailableAndCancelled()
    {
        using var call = new ChatService.ChatServiceClient(service.AdminChannel).Complete(new CompleteRequest { Model = "base", Prompt = "anyone?" });
        var error = await JobsUnderTest.FailsAsync(() => call.ResponseStream.MoveNext(CancellationToken.None), StatusCode.Unavailable);
        Assert.Contains("Jobs:Chat:Patience", error.Status.Detail, StringComparison.Ordinal);
        // It was asked for once, since a queue forgets nothing.
        var command = service.Harness.Published.Select<CompletePrompt>(published => published.Context.Message.Prompt == "anyone?").Single().Context.Message;
        Assert.True(await service.Harness.Published.Any<CancelCompletion>(cancel => cancel.Context.Message.RequestId == command.RequestId));

        var answer = await service.PostJsonAsync("/v1/completions", """{"model":"base","prompt":"anyone?","stream":true}""");
        Assert.Equal("service_unavailable", (await answer.ErrorAsync(503)).Code);
    }
}
