using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using MassTransit;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;

namespace RftAspire.Benchmarks;

/// <summary>
/// Rollouts a second through RabbitMQ: groups of sampled answers go to a Grading process of its own, and the graded ones are
/// counted. As in a job, so many groups are on their way at a time.
/// </summary>
public static class BrokerBenchmark
{
    private const int GroupSize = 8;
    private const int CompletionTokens = 64;
    private const int GroupsInFlight = 64;
    private const int WarmUpGroups = 200;
    private const string JobId = "job-bench";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    /// <param name="broker">amqp://user:password@host:port of a broker that serves no platform: its Grading would take groups too.</param>
    /// <param name="groups">Groups that are timed.</param>
    /// <param name="cancellation">Ends the benchmark.</param>
    public static async Task<GraderBenchmarkResult> RunAsync(Uri broker, int groups, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("rft-bench-");
        try
        {
            WriteJob(new ArtifactStore(folder.FullName, folder.FullName));
            using var grading = StartGrading(broker, folder.FullName);
            try
            {
                return await MeasureAsync(broker, groups, grading, cancellation);
            }
            finally
            {
                grading.Kill(entireProcessTree: true);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<GraderBenchmarkResult> MeasureAsync(Uri broker, int groups, Process grading, CancellationToken cancellation)
    {
        var graded = Channel.CreateUnbounded<PromptGroupGraded>();
        var bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
        {
            var login = broker.UserInfo.Split(':');
            rabbit.Host(broker.Host, (ushort)broker.Port, "/", host =>
            {
                host.Username(Uri.UnescapeDataString(login[0]));
                host.Password(Uri.UnescapeDataString(login[^1]));
            });
            rabbit.ReceiveEndpoint(new TemporaryEndpointDefinition("bench-graded"), null, endpoint =>
                endpoint.Handler<PromptGroupGraded>(context => graded.Writer.WriteAsync(context.Message, context.CancellationToken).AsTask()));
        });
        await bus.StartAsync(cancellation).WaitAsync(s_patience, cancellation);
        try
        {
            await UntilReadyAsync(bus, graded.Reader, grading, cancellation);
            await SendAsync(bus, graded.Reader, 0, WarmUpGroups, grading, cancellation);
            var started = Stopwatch.GetTimestamp();
            await SendAsync(bus, graded.Reader, WarmUpGroups, groups, grading, cancellation);
            return new GraderBenchmarkResult("broker", (long)groups * GroupSize, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        finally
        {
            await bus.StopAsync(CancellationToken.None);
        }
    }

    // What is published before Grading has its queue reaches nobody.
    private static async Task UntilReadyAsync(IBus bus, ChannelReader<PromptGroupGraded> graded, Process grading, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (!graded.TryPeek(out _))
        {
            if (grading.HasExited || Stopwatch.GetElapsedTime(started) > s_patience)
                throw new InvalidOperationException($"Grading has not begun within {s_patience.TotalSeconds:F0} s; can the broker be reached?");
            await bus.Publish(Group(-1), cancellation);
            await Task.Delay(TimeSpan.FromSeconds(0.5), cancellation);
        }
    }

    private static async Task SendAsync(IBus bus, ChannelReader<PromptGroupGraded> graded, int first, int count, Process grading, CancellationToken cancellation)
    {
        var (sent, back) = (0, 0);
        while (back < count)
        {
            var next = Math.Min(count - sent, GroupsInFlight - (sent - back));
            await Task.WhenAll(Enumerable.Range(first + sent, next).Select(group => bus.Publish(Group(group), cancellation)));
            sent += next;
            var answer = await NextAsync(graded, grading, cancellation);
            if (answer.Id.Group < first) continue;
            if (answer.Rollouts.Any(rollout => rollout.Reward is null)) throw new InvalidOperationException($"a rollout was not graded: {answer.Rollouts.First(rollout => rollout.Reward is null).Error}");
            back++;
        }
    }

    private static async Task<PromptGroupGraded> NextAsync(ChannelReader<PromptGroupGraded> graded, Process grading, CancellationToken cancellation)
    {
        try
        {
            return graded.TryRead(out var ready) ? ready : await graded.ReadAsync(cancellation).AsTask().WaitAsync(s_patience, cancellation);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"no graded group came for {s_patience.TotalSeconds:F0} s; {(grading.HasExited ? "the grading process has ended" : "is the broker reachable, and free of other graders?")}");
        }
    }

    private static Process StartGrading(Uri broker, string folder) => Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "RftAspire.Grading.dll")])
    {
        WorkingDirectory = folder,
        Environment =
        {
            ["ConnectionStrings__messaging"] = broker.OriginalString,
            ["Artifacts__Root"] = folder,
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["Logging__LogLevel__Default"] = "Error",
        },
    })!;

    private static void WriteJob(ArtifactStore store)
    {
        ArtifactStore.WriteJson(store.JobSpecFile(JobId), new JobSpec
        {
            JobId = JobId,
            Model = "none",
            TunedModelName = "none",
            TrainingDatasetId = "none",
            GraderJson = GraderBenchmark.Grader,
            Hyperparameters = new Hyperparameters(),
            Seed = 1,
            CreatedAt = DateTimeOffset.UnixEpoch,
        });
        var row = new PromptRow { Messages = [new PromptMessage("user", "?")], Item = JsonElement.Parse(GraderBenchmark.Row), Line = 1 };
        File.WriteAllLines(store.TrainingPromptsFile(JobId), [JsonSerializer.Serialize(row, ArtifactStore.Json)]);
    }

    private static PromptGroupSampled Group(int number) => new()
    {
        Id = new GroupId(JobId, 1, GroupPurpose.Train, number, PromptIndex: 0),
        WeightsVersion = 0,
        PromptTokens = [.. Enumerable.Range(0, 2 * CompletionTokens)],
        Rollouts = [.. Enumerable.Range(0, GroupSize).Select(index => new Rollout
        {
            Index = index,
            CompletionTokens = [.. Enumerable.Range(index, CompletionTokens)],
            SamplingLogprobs = [.. Enumerable.Range(1, CompletionTokens).Select(token => -1f / token)],
            Text = GraderBenchmark.Answer((long)number * GroupSize + index),
            FinishReason = FinishReason.Stop,
        })],
    };
}
