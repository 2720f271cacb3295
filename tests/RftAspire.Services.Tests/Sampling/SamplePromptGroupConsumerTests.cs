using System.Diagnostics;
using System.Text.Json;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Sampling;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Sampling;

public sealed class SamplePromptGroupConsumerTests : IDisposable
{
    private readonly ServiceUnderTest<SamplePromptGroupConsumer> _service = new();

    public void Dispose() => _service.Dispose();

    [Fact]
    public async Task Consume_Redelivery_SaysTheSameAgain()
    {
        var command = Command(_service, groupSize: 2, maxTokens: 5);

        await _service.Harness.Bus.Publish(command);
        await _service.Harness.Bus.Publish(command);

        var sampled = await SampledAsync(2);
        Assert.Equal((command.Id, 3), (sampled[0].Id, sampled[0].WeightsVersion));
        Assert.Equal(command.PromptTokens, sampled[0].PromptTokens);
        Assert.Equal([5, 5], sampled[0].Rollouts.Select(rollout => rollout.CompletionTokens.Length));
        Assert.Equal(JsonSerializer.Serialize(sampled[0]), JsonSerializer.Serialize(sampled[1]));
    }

    [Fact]
    public async Task Dispose_GroupInFlight_DoesNotHoldUpTheWorker()
    {
        var service = new ServiceUnderTest<SamplePromptGroupConsumer>();
        await service.Harness.Bus.Publish(Command(service, groupSize: 2000, maxTokens: 120));
        var stopping = Stopwatch.StartNew();
        service.Dispose();
        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    private static SamplePromptGroup Command(ServiceUnderTest<SamplePromptGroupConsumer> service, int groupSize, int maxTokens)
    {
        var folder = Path.Combine(service.Store.Root, "version");
        if (!Directory.Exists(folder)) TinyModel.SaveWithTokenizer(folder);
        return new SamplePromptGroup
        {
            Id = new GroupId("job-1", 4, GroupPurpose.EvalSampled, 2, 6),
            Weights = new WeightsReference(3, "version", CheckpointFolder.WeightsDigest(CheckpointFolder.Load(folder))),
            PromptTokens = [40, 50],
            GroupSize = groupSize,
            Sampling = new SamplingParameters { MaxCompletionTokens = maxTokens, TopK = 9, TopP = 0.9, Temperature = 0.8 },
            Seed = 1,
        };
    }

    private async Task<List<PromptGroupSampled>> SampledAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var sampled = new List<PromptGroupSampled>();
        await foreach (var published in _service.Harness.Published.SelectAsync<PromptGroupSampled>(patience.Token))
        {
            sampled.Add(published.Context.Message);
            if (sampled.Count == count) return sampled;
        }
        throw new TimeoutException($"{sampled.Count} of {count} sampled groups were published");
    }
}
