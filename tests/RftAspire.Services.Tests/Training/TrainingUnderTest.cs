using System.Text.Json;
using System.Text.Json.Nodes;
using MassTransit;
using MassTransit.Testing;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Sampling;
using RftAspire.Services.Tests.Cli;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

/// <summary>
/// Training's real program with the parts of Sampling beside it, on one bus in memory, and a grader that rewards low token ids.
/// Several may follow each other on one folder, as processes do.
/// </summary>
internal sealed class TrainingUnderTest : IAsyncDisposable
{
    private readonly WebApplicationFactory<TrainingLoop> _factory;

    public TrainingUnderTest(string folder, int gradesUntilStep = int.MaxValue, bool graderThrows = false, Task? gate = null)
    {
        _factory = new WebApplicationFactory<TrainingLoop>().WithWebHostBuilder(host =>
        {
            host.UseSetting("Artifacts:Root", Path.Combine(folder, "artifacts"));
            host.UseSetting("Artifacts:BaseModels", Path.Combine(folder, "models"));
            host.UseSetting("Training:Threads", "1");
            host.UseSetting("Sampling:Threads", "1");
            host.ConfigureServices(services => Configure(services, new StandInGrader.Limit(gradesUntilStep, graderThrows, gate)));
        });
        Harness = _factory.Services.GetRequiredService<ITestHarness>();
    }

    public ITestHarness Harness { get; }

    public ArtifactStore Store => _factory.Services.GetRequiredService<ArtifactStore>();

    /// <summary>A tiny model named base, and a job on it with ten prompts to train on and three to validate on.</summary>
    public static ArtifactStore WriteJob(string folder, string jobId, Func<JobSpec, JobSpec>? change = null)
    {
        var store = new ArtifactStore(Path.Combine(folder, "artifacts"), Path.Combine(folder, "models"));
        if (store.ModelFolder("base") is null) TinyModel.SaveWithTokenizer(Path.Combine(folder, "models", "base"));
        var spec = ServiceUnderTest<TrainingLoop>.Spec(jobId, "{}") with
        {
            TunedModelName = jobId + "-tuned",
            Hyperparameters = new Hyperparameters
            {
                Steps = 3,
                PromptsPerStep = 4,
                GroupSize = 4,
                MaxCompletionTokens = 6,
                LearningRate = 1e-2,
                WarmupSteps = 1,
                EvalInterval = 2,
                EvalSamples = 2,
            },
        };
        ArtifactStore.WriteJson(store.JobSpecFile(jobId), change?.Invoke(spec) ?? spec);
        WritePrompts(store.TrainingPromptsFile(jobId), [.. Enumerable.Range(0, 10).Select(i => $"name a colour like {i}")]);
        WritePrompts(store.ValidationPromptsFile(jobId), ["name a colour", "name a name", "colour a colour"]);
        return store;
    }

    /// <summary>Gives the model named base an end token, so that completions can end.</summary>
    public static void GiveEnd(ArtifactStore store)
    {
        var file = Path.Combine(store.ModelFolder("base")!, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(file))!;
        config["eos_token_id"] = 0;
        File.WriteAllText(file, config.ToJsonString());
    }

    public static void WritePrompts(string path, params string[] prompts) => File.WriteAllLines(path, prompts.Select((prompt, index) => JsonSerializer.Serialize(
        new PromptRow { Messages = [new PromptMessage("user", prompt)], Item = JsonElement.Parse("{}"), Line = index + 1 }, ArtifactStore.Json)));

    /// <summary>Async, so that the log context that MassTransit sets in the caller's flow ends here and not with the next host's start.</summary>
    public async Task StartAsync(string jobId) => await Harness.Bus.Publish(new StartTraining(jobId));

    /// <summary>The first message of its kind that fits.</summary>
    public async Task<T> PublishedAsync<T>(Func<T, bool>? fits = null) where T : class
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await foreach (var published in Harness.Published.SelectAsync<T>(patience.Token))
        {
            if (fits?.Invoke(published.Context.Message) ?? true) return published.Context.Message;
        }
        throw new TimeoutException($"no {typeof(T).Name} was published");
    }

    /// <summary>What was published until now: a cancelled token keeps the harness from waiting for more.</summary>
    public List<T> Published<T>() where T : class =>
        [.. Harness.Published.Select<T>(new CancellationToken(canceled: true)).Select(published => published.Context.Message)];

    public ValueTask DisposeAsync() => _factory.DisposeAsync();

    private static void Configure(IServiceCollection services, StandInGrader.Limit limit)
    {
        services.Configure<MassTransitHostOptions>(SamplePromptGroupConsumer.StopSoon);
        services.AddSingleton<PolicyCache>().AddSingleton<PromptGroupSampler>();
        services.AddSingleton<SamplingLoop>();
        services.AddHostedService(provider => provider.GetRequiredService<SamplingLoop>());
        services.AddOptions<SamplingOptions>().BindConfiguration("Sampling");
        services.AddSingleton(limit);
        services.AddMassTransitTestHarness(bus =>
        {
            // A loaded machine may pause longer between two messages than the harness expects.
            bus.SetTestTimeouts(TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(2));
            bus.AddConsumer<SamplePromptGroupConsumer, SamplePromptGroupConsumerDefinition>();
            bus.AddConsumer<WeightsPublishedConsumer>().Endpoint(WeightsPublishedConsumer.OnEveryInstance);
            bus.AddConsumer<StandInGrader>();
        });
    }
}

/// <summary>Rewards the share of tokens below 100; leaves groups of later steps unanswered, or throws on them.</summary>
internal sealed class StandInGrader(StandInGrader.Limit limit) : IConsumer<PromptGroupSampled>
{
    /// <param name="Step">The last step whose groups are graded.</param>
    /// <param name="Throws">Whether others throw.</param>
    /// <param name="Gate">What others wait for; null leaves them unanswered.</param>
    public sealed record Limit(int Step, bool Throws, Task? Gate);

    public async Task Consume(ConsumeContext<PromptGroupSampled> context)
    {
        var group = context.Message;
        if (group.Id.Step > limit.Step)
        {
            if (limit.Throws) throw new InvalidOperationException("the grader's file is gone");
            if (limit.Gate is null) return;
            await limit.Gate.WaitAsync(context.CancellationToken);
        }
        await context.Publish(Grade(group));
    }

    private static PromptGroupGraded Grade(PromptGroupSampled group) => new()
    {
        Id = group.Id,
        WeightsVersion = group.WeightsVersion,
        PromptTokens = group.PromptTokens,
        Rollouts = [.. group.Rollouts.Select(rollout => new GradedRollout
        {
            Rollout = rollout,
            Reward = rollout.CompletionTokens.Count(token => token < 100) / (double)rollout.CompletionTokens.Length,
        })],
    };
}
