using System.Net;
using System.Net.Sockets;
using Grpc.Core;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.State;
using static RftAspire.Services.Tests.Jobs.JobsUnderTest;

namespace RftAspire.Services.Tests.Jobs;

public sealed class JobRecoveryTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Sweep_OverdueJobs_GetTheirSpecAndCommandAgainWithGrowingPauses()
    {
        var store = service.Services.GetRequiredService<JobStore>();
        var validating = (await JobStoreTests.CreateAsync(store)).JobId;
        var queued = (await JobStoreTests.CreateAsync(store)).JobId;
        var running = (await JobStoreTests.CreateAsync(store)).JobId;
        await store.ApplyAsync(queued, new JobChange.Move(JobTrigger.InputsAccepted));
        await store.ApplyAsync(running, new JobChange.Move(JobTrigger.TrainingStarted));
        var pausing = (await JobStoreTests.CreateAsync(store)).JobId;
        foreach (var trigger in new[] { JobTrigger.PauseRequested, JobTrigger.InputsAccepted, JobTrigger.ResumeRequested, JobTrigger.PauseRequested })
            await store.ApplyAsync(pausing, new JobChange.Move(trigger));
        var clock = new Clock();
        using var sweeper = new JobSweeper(
            store, service.Services.GetRequiredService<JobCommands>(), service.Artifacts, Options.Create(new JobsOptions()), clock, NullLogger<JobSweeper>.Instance);

        await sweeper.SweepAsync(default);
        Assert.Equal(0, Sent<IngestDatasets>(message => message.JobId == validating));
        foreach (var _ in new[] { 1, 2 })
        {
            clock.Now += TimeSpan.FromSeconds(31);
            await sweeper.SweepAsync(default);
        }

        Assert.Equal(1, Sent<IngestDatasets>(message => message.JobId == validating));
        Assert.Equal(1, Sent<StartTraining>(message => message.JobId == queued));
        Assert.Equal(0, Sent<StartTraining>(message => message.JobId == running));
        Assert.Equal(1, Sent<PauseTraining>(message => message == new PauseTraining(pausing, 2)));
        Assert.Equal(validating, ArtifactStore.ReadJson<JobSpec>(service.Artifacts.JobSpecFile(validating)).JobId);
    }

    [RedisFact]
    public async Task Staging_StartAfterACrash_SweepsTheDeadAndKeepsTheLiving()
    {
        using var living = new StagingFolder(service.Artifacts);
        await living.StartAsync(default);
        var kept = Path.Combine(service.Artifacts.Root, living.FileFor("file-1"));
        await File.WriteAllTextAsync(kept, "x");
        var staging = Path.Combine(service.Artifacts.Root, "staging");
        var dead = Directory.CreateDirectory(Path.Combine(staging, "dead"));
        await File.WriteAllTextAsync(Path.Combine(dead.FullName, "file-2.jsonl"), "x");
        await File.WriteAllTextAsync(Path.Combine(staging, "dead.lock"), "");

        using var next = new StagingFolder(service.Artifacts);
        await next.StartAsync(default);

        Assert.True(File.Exists(kept));
        Assert.False(Directory.Exists(dead.FullName) || File.Exists(dead.FullName + ".lock"));
    }

    [Fact]
    public async Task Send_BrokerAway_GivesUpSoonAndLeavesItToTheSweeper()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["ConnectionStrings:messaging"] = $"amqp://{closed.LocalEndPoint}";
        builder.AddMessaging(_ => { });
        using var host = builder.Build();
        await host.StartAsync();
        var log = new LastLine();
        var job = new JobRecord { Spec = JobStoreTests.Spec(), State = JobState.Validating, Revision = 1, ChangedAt = default };

        await new JobCommands(host.Services.GetRequiredService<IBus>(), log).SendAsync(job, default).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.StartsWith($"IngestDatasets of job {job.Spec.JobId} was not sent and will be sent again", log.Line, StringComparison.Ordinal);
    }

    private int Sent<T>(Func<T, bool> match) where T : class =>
        service.Harness.Published.Select<T>().Count(sent => match(sent.Context.Message));

    private sealed class LastLine : ILogger<JobCommands>
    {
        public string Line { get; private set; } = "";

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Line = formatter(state, exception);

        public bool IsEnabled(LogLevel logLevel) => true;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

public sealed class RedisOutageTests
{
    [RedisFact]
    public async Task AnyCall_RedisAway_IsUnavailableAndServedAgainLater()
    {
        var service = new JobsUnderTest();
        try
        {
            await service.InitializeAsync();
            var request = await service.RequestAsync();
            var job = await service.Client.CreateJobAsync(request);
            service.Redis.Kill();

            var error = await FailsAsync(async () => await service.Client.CreateJobAsync(request), StatusCode.Unavailable);
            await service.Redis.StartAsync();
            await RedisServer.UntilAnsweredAsync(service.Services.GetRequiredService<StackExchange.Redis.ConnectionMultiplexer>());

            Assert.Contains("ConnectionStrings:redis", error.Status.Detail, StringComparison.Ordinal);
            Assert.Equal(job, await service.Client.GetJobAsync(new GetJobRequest { JobId = job.Id }));
        }
        finally
        {
            await service.DisposeAsync();
        }
    }
}
