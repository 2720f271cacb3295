using System.Collections.Concurrent;
using System.Threading.Channels;
using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Sampling;
using RftAspire.Services.Tests.Architecture;

namespace RftAspire.Services.Tests.Sampling.Chat;

/// <summary>The Sampling program with the repository's model, and somebody who waits for what it says.</summary>
internal sealed class WorkerUnderTest : IDisposable
{
    public const string Model = "eurovoc-base-5m";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);
    private readonly ServiceUnderTest<SamplePromptGroupConsumer> _service;
    private readonly ConcurrentDictionary<string, Channel<CompletionChunk>> _news = new();

    public WorkerUnderTest(params (string Name, string Value)[] settings)
    {
        _service = new([("Sampling:Threads", "1"), .. settings]);
        Bus.ConnectHandler<CompletionNews>(context =>
        {
            foreach (var chunk in context.Message.Chunks) NewsOf(chunk.RequestId).Writer.TryWrite(chunk);
            return Task.CompletedTask;
        });
        using var parameters = CheckpointFolder.Load(Folder);
        Weights = new WeightsReference(0, Folder, CheckpointFolder.WeightsDigest(parameters));
    }

    public static string Folder => Path.Combine(Repository.Root.FullName, "models", Model);
    public IBus Bus => _service.Harness.Bus;
    public WeightsReference Weights { get; }
    public MassTransit.Testing.ITestHarness Harness => _service.Harness;

    public CompletePrompt Command(string id) => new()
    {
        RequestId = id,
        Model = Model,
        Weights = Weights with { Digest = "" },
        Messages = [new PromptMessage("user", "Title of the act: Regulation on the common fisheries policy")],
        Choices = 2,
        MaxCompletionTokens = 24,
        Temperature = 0.8,
        TopP = 0.95,
        Seed = 3,
        Deadline = DateTimeOffset.UtcNow.AddMinutes(5),
        ReplyTo = Bus.Address,
    };

    /// <summary>What the engine alone draws for a command.</summary>
    public static IReadOnlyList<Completion> Expected(LanguageModel model, CompletePrompt command) => model.Sample([new SampleRequest
    {
        Prompt = Prompt(model, command),
        Count = command.Choices,
        MaxTokens = command.MaxCompletionTokens!.Value,
        Temperature = command.Temperature,
        TopP = command.TopP,
        Key = RandomKey.FromSeed(command.Seed),
        StopTokens = model.Config.EosTokenIds,
    }])[0];

    public static int[] Prompt(LanguageModel model, CompletePrompt command) => model.Encoder!.Encode([.. command.Messages!.Select(message => (message.Role, message.Content))]);

    public Task PublishAsync(object message) => Bus.Publish(message);

    /// <summary>The next news of a request.</summary>
    public async Task<CompletionChunk> NextAsync(string id)
    {
        using var patience = new CancellationTokenSource(s_patience);
        return await NewsOf(id).Reader.ReadAsync(patience.Token);
    }

    /// <summary>All of a request, told once: the text and tokens of each choice, or the error.</summary>
    public async Task<Answer> AnswerAsync(string id, int choices)
    {
        var parts = Enumerable.Range(0, choices).Select(_ => new List<ChoiceTokens>()).ToArray();
        while (true)
        {
            var chunk = await NextAsync(id);
            foreach (var part in chunk.Choices) parts[part.Index].Add(part);
            if (chunk.Error is not null || parts.All(told => told.Exists(part => part.Finish is not null))) return new Answer(parts, chunk.PromptTokens, chunk.Error);
        }
    }

    public bool HasNews(string id) => NewsOf(id).Reader.TryPeek(out _);

    public void Dispose() => _service.Dispose();

    private Channel<CompletionChunk> NewsOf(string id) => _news.GetOrAdd(id, _ => Channel.CreateUnbounded<CompletionChunk>());

    internal sealed record Answer(List<ChoiceTokens>[] Choices, int PromptTokens, CompletionError? Error)
    {
        public IEnumerable<string> Texts => Choices.Select(parts => string.Concat(Tokens(parts).Select(token => token.Text)));
        public IEnumerable<int> Counts => Choices.Select(parts => Tokens(parts).Count());
        public IEnumerable<FinishReason?> Ends => Choices.Select(parts => parts.Select(part => part.Finish).Last(end => end is not null));
        public IEnumerable<List<ScoredToken>> Scored => Choices.Select(parts => Tokens(parts).SelectMany(token => token.Scored ?? []).ToList());

        private static IEnumerable<CompletionToken> Tokens(List<ChoiceTokens> parts) => parts.OrderBy(part => part.Offset).SelectMany(part => part.Tokens);
    }
}
