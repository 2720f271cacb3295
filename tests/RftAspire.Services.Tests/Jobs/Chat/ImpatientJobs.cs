using System.Collections.Concurrent;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts.Messages;

namespace RftAspire.Services.Tests.Jobs.Chat;

/// <summary>Jobs that soon miss a worker, and have none: the tests say what one would say, or nothing.</summary>
public sealed class ImpatientJobs : JobsUnderTest
{
    private readonly ConcurrentQueue<CompletePrompt> _commands = [];
    private readonly ConcurrentDictionary<string, bool> _cancelled = [];

    protected override Dictionary<string, string?> Settings => new()
    {
        ["Jobs:Chat:Silence"] = "00:00:00.2",
        ["Jobs:Chat:KeepAlive"] = "00:00:00.050",
        ["Jobs:Chat:Deadline"] = "00:00:08",
    };

    /// <summary>Commands for a prompt, or a conversation of it, so far.</summary>
    public IEnumerable<CompletePrompt> Sent(string prompt) => _commands.Where(command => (command.Prompt ?? command.Messages![0].Content) == prompt);

    /// <summary>The first command for a prompt.</summary>
    public async Task<CompletePrompt> CommandAsync(string prompt)
    {
        await UntilAsync(() => Task.FromResult(Sent(prompt).Any()));
        return Sent(prompt).First();
    }

    /// <summary>Waits until workers are told that nobody waits for it.</summary>
    public Task CancelledAsync(CompletePrompt command) => UntilAsync(() => Task.FromResult(_cancelled.ContainsKey(command.RequestId)));

    public Task TellAsync(CompletePrompt command, int offset, string[] texts, FinishReason? finish = null) =>
        TellAsync(command, new ChoiceTokens { Index = 0, Offset = offset, Tokens = [.. texts.Select(text => new CompletionToken(text))], Finish = finish });

    public Task TellAsync(CompletePrompt command, CompletionError error) => SendAsync(command, new CompletionChunk { RequestId = command.RequestId, PromptTokens = 2, Error = error });

    protected override void Replace(IServiceCollection services) => services.AddMassTransitTestHarness(bus =>
    {
        bus.AddHandler((CompletePrompt command) => Task.Run(() => _commands.Enqueue(command)));
        bus.AddHandler((CancelCompletion cancel) => Task.Run(() => _cancelled[cancel.RequestId] = true));
    });

    private Task TellAsync(CompletePrompt command, ChoiceTokens part) => SendAsync(command, new CompletionChunk { RequestId = command.RequestId, PromptTokens = 2, Choices = [part] });

    private async Task SendAsync(CompletePrompt command, CompletionChunk chunk) =>
        await (await Harness.Bus.GetSendEndpoint(command.ReplyTo)).Send(new CompletionNews([chunk]));
}
