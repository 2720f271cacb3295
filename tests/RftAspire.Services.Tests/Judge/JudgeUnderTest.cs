using System.Collections.Concurrent;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Judge;

namespace RftAspire.Services.Tests.Judge;

/// <summary>Judge's real program before a stub endpoint that every model name leads to; all that it logs is kept.</summary>
public sealed class JudgeUnderTest : IAsyncDisposable
{
    public const string Key = "sk-very-secret-0123456789";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("rft-judge-");
    private readonly WebApplicationFactory<JudgeOptions> _factory;
    private readonly GrpcChannel _channel;

    private JudgeUnderTest(StubChatServer stub, string? redis, (string Setting, string Value)[] settings)
    {
        Stub = stub;
        _factory = new WebApplicationFactory<JudgeOptions>().WithWebHostBuilder(host =>
        {
            host.UseSetting(ServiceKey.Setting, Key).UseSetting("Artifacts:Root", _folder.FullName).UseSetting("Artifacts:BaseModels", Path.Combine(_folder.FullName, "base"));
            // Nothing listens there.
            host.UseSetting("ConnectionStrings:redis", redis ?? "127.0.0.1:1,connectRetry=0");
            host.UseSetting("Judge:Endpoint", stub.Endpoint.ToString()).UseSetting("Judge:ApiKey", Key);
            host.UseSetting("Judge:RetryDelay", "00:00:00.020").UseSetting("Judge:MaxRetryDelay", "00:00:01");
            // One failing test must not break the endpoint for those beside it.
            host.UseSetting("Judge:BreakAfter", "100000");
            host.UseSetting("Logging:LogLevel:Default", "Trace").UseSetting("Logging:LogLevel:System.Net.Http", "Trace");
            if (redis is null) host.UseSetting("Judge:CacheLifetime", "00:00:00");
            foreach (var (setting, value) in settings) host.UseSetting(setting, value);
            host.ConfigureServices(services => services.AddSingleton<ILoggerProvider>(new Keep(Log)));
        });
        _channel = GrpcChannel.ForAddress(_factory.Server.BaseAddress, new GrpcChannelOptions { HttpHandler = new KeyHandler(Key, _factory.Server.CreateHandler()) });
        Client = new JudgeService.JudgeServiceClient(_channel);
    }

    public StubChatServer Stub { get; }

    public JudgeService.JudgeServiceClient Client { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    public ArtifactStore Store => _factory.Services.GetRequiredService<ArtifactStore>();

    public static async Task<JudgeUnderTest> StartAsync(string? redis = null, params (string Setting, string Value)[] settings) =>
        new(await StubChatServer.StartAsync(), redis, settings);

    /// <summary>The usual question: is the candidate right?</summary>
    public static Question Ask(string model, string candidate = "Paris", bool fenced = true) => new()
    {
        Model = model,
        Messages =
        {
            new Message { Role = "system", Parts = { new Part { Text = "Grade the answer to: What is the capital of France?" } } },
            new Message
            {
                Role = "user",
                Parts =
                {
                    new Part { Text = "The right answer: " },
                    new Part { Data = new Data { Name = "item.answer", Value = "Paris" } },
                    new Part { Text = "The answer to grade: " },
                    fenced ? new Part { Data = new Data { Name = "sample.output_text", Value = candidate } } : new Part { Text = candidate },
                },
            },
        },
    };

    public async Task<Judgement> ScoreAsync(Question question, double min = 0, double max = 1, double maxDifference = 0) =>
        await Client.ScoreAsync(
            new ScoreRequest { Question = question, Range = new ScoreRange { Min = min, Max = max }, MaxDifference = maxDifference },
            deadline: DateTime.UtcNow.AddMinutes(1));

    /// <summary>Scores with a model of this name that behaves as the script says.</summary>
    public async Task<Judgement> ScoreAsync(string model, Func<StubQuestion, StubAnswer> script)
    {
        Stub.On(model, script);
        return await ScoreAsync(Ask(model));
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _factory.DisposeAsync();
        await Stub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private sealed class Keep(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue(formatter(state, exception) + exception);

        public void Dispose()
        {
        }
    }
}

/// <summary>One Judge for the tests of a class.</summary>
public sealed class SharedJudge : IAsyncLifetime
{
    public JudgeUnderTest Judge { get; private set; } = null!;

    public async Task InitializeAsync() => Judge = await JudgeUnderTest.StartAsync(null, ("Judge:Attempts", "3"));

    public async Task DisposeAsync() => await Judge.DisposeAsync();
}
