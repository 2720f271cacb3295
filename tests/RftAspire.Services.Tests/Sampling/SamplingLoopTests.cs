using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Sampling;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Sampling;

public sealed class SamplingLoopTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly PolicyCache _policies;
    private readonly PromptGroupSampler _sampler;
    private readonly List<SamplingLoop> _loops = [];
    private readonly List<PolicyCache> _caches = [];
    private readonly WeightsReference[] _weights;

    public SamplingLoopTests()
    {
        _weights = [.. Enumerable.Range(0, 3).Select(Save)];
        _sampler = Start(new SamplingOptions { Threads = 1, MaxRows = 6 });
        _policies = _caches[0];
    }

    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.StopAsync(CancellationToken.None).GetAwaiter().GetResult();
            loop.Dispose();
        }
        foreach (var policies in _caches) policies.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task SampleAsync_OneAfterTheOtherOrTogether_SameRollouts()
    {
        var commands = Enumerable.Range(0, 9).Select(group => Command(group, group % 3)).ToList();
        var alone = new List<Rollout[]>();
        foreach (var command in commands) alone.Add(await SampleAsync(command));
        var together = await Task.WhenAll(commands.Select(SampleAsync));
        for (var i = 0; i < commands.Count; i++) AssertSame(alone[i], together[i]);
        Assert.Equal(9 * 3, alone.SelectMany(group => group).Select(rollout => string.Join(',', rollout.CompletionTokens)).Distinct().Count());
    }

    [Fact]
    public async Task SampleAsync_Rollouts_CarryLogprobsAndText()
    {
        var command = Command(0, 1);
        var rollouts = await SampleAsync(command);
        using var model = LanguageModel.Load(Path.Combine(_folder.Path, _weights[1].Location), threads: 1);
        Assert.Equal([0, 1, 2], rollouts.Select(rollout => rollout.Index));
        foreach (var rollout in rollouts)
        {
            Assert.Equal(model.Score([.. command.PromptTokens, .. rollout.CompletionTokens])[(command.PromptTokens.Length - 1)..], rollout.SamplingLogprobs);
            Assert.Equal(model.Encoder!.Decode(rollout.CompletionTokens), rollout.Text);
            Assert.Equal(FinishReason.Length, rollout.FinishReason);
        }
    }

    [Fact]
    public async Task SampleAsync_GroupThatDoesNotFit_FailsAlone()
    {
        var commands = Enumerable.Range(0, 4).Select(group => Command(group, 0)).ToList();
        var sampling = commands.ConvertAll(SampleAsync);
        var misfit = SampleAsync(Command(9, 0) with { PromptTokens = [320] });
        var error = await Assert.ThrowsAsync<ArgumentException>(() => misfit);
        Assert.Contains("token 320", error.Message, StringComparison.Ordinal);
        foreach (var group in await Task.WhenAll(sampling)) Assert.Equal(3, group.Length);
    }

    [Fact]
    public async Task SampleAsync_CacheTooSmallForAll_GroupsWaitInOrderWithTheSameRollouts()
    {
        // A block is 4 KiB, so there are 256: a group of 40 takes 161, and one of 3 waits its turn behind the second of them.
        int[] sizes = [40, 40, 3, 40, 3];
        var commands = sizes.Select((size, group) => Command(group, 0) with { GroupSize = size, Sampling = new SamplingParameters { MaxCompletionTokens = 120 } }).ToList();
        var small = Start(new SamplingOptions { Threads = 1, MaxRows = 256, CacheMiB = 1 });
        // The order of arrival at a loaded model is that of the calls.
        await small.SampleAsync(commands[2], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        var sampling = commands.ConvertAll(command => small.SampleAsync(command, CancellationToken.None));
        var tooLarge = small.SampleAsync(commands[0] with { GroupSize = 70 }, CancellationToken.None);
        for (var i = 0; i < commands.Count; i++)
        {
            AssertSame(await SampleAsync(commands[i]), await sampling[i].WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.All(sampling[..i], earlier => Assert.True(earlier.IsCompletedSuccessfully));
        }
        var error = await Assert.ThrowsAsync<ArgumentException>(() => tooLarge.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Contains("the cache has 1 MiB", error.Message, StringComparison.Ordinal);
        // It left nothing behind.
        AssertSame(await sampling[2], await small.SampleAsync(commands[2], CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task SampleAsync_WeightsOfAnotherDigest_AreRefusedAndTheLoopGoesOn()
    {
        var wrong = Command(0, 0) with { Weights = _weights[0] with { Digest = _weights[1].Digest } };
        var missing = Command(0, 0) with { Weights = new WeightsReference(5, "nowhere", "abc") };
        Assert.Contains(_weights[0].Digest, (await Assert.ThrowsAsync<CheckpointException>(() => SampleAsync(wrong))).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<CheckpointException>(() => SampleAsync(missing));
        Assert.Equal(3, (await SampleAsync(Command(0, 0))).Length);
    }

    [Fact]
    public async Task RentAsync_MoreVersionsThanKept_LetsTheOldestIdleOneGo()
    {
        LanguageModel first, second;
        using (var lease = await _policies.RentAsync(_weights[0]))
        {
            first = lease.Policy.Model;
            using (var again = await _policies.RentAsync(_weights[0])) Assert.Same(first, again.Policy.Model);
            using (var other = await _policies.RentAsync(_weights[1])) second = other.Policy.Model;
            Assert.NotEmpty(second.Score([1, 2, 3]));
            await _policies.PreloadAsync(_weights[2]);
            await _policies.PreloadAsync(Save(3));
            // The one in use stays, whatever is loaded ahead.
            Assert.NotEmpty(first.Score([1, 2, 3]));
            Assert.Throws<ObjectDisposedException>(() => second.Score([1, 2, 3]));
        }
        using var next = await _policies.RentAsync(_weights[0]);
        Assert.NotSame(first, next.Policy.Model);
        Assert.Throws<ObjectDisposedException>(() => first.Score([1, 2, 3]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RentAsync_SameFolderWithAndWithoutADigest_IsOneCopy(bool isKnownFirst)
    {
        var (known, unknown) = (_weights[0], _weights[0] with { Digest = "" });
        using var first = await _policies.RentAsync(isKnownFirst ? known : unknown);
        using var second = await _policies.RentAsync(isKnownFirst ? unknown : known);
        Assert.Same(first.Policy, second.Policy);

        using var rounded = await _policies.RentAsync(unknown with { Precision = ProductPrecision.Bf16 });
        Assert.NotSame(first.Policy, rounded.Policy);
        // A digest is held to, whoever had the folder loaded.
        await Assert.ThrowsAsync<CheckpointException>(() => _policies.RentAsync(known with { Digest = _weights[1].Digest }));
    }

    [Fact]
    public async Task RentAsync_FolderOfAVersionInMemoryIsGone_NeedsItNoMore()
    {
        using var first = await _policies.RentAsync(_weights[0]);
        Directory.Delete(Path.Combine(_folder.Path, _weights[0].Location), recursive: true);
        using var late = await _policies.RentAsync(_weights[0]);
        Assert.Same(first.Policy, late.Policy);
    }

    [Fact]
    public async Task Add_ChatsAmongLongGroups_EndBeforeThemAndChangeNothing()
    {
        var commands = Enumerable.Range(0, 40).Select(group => Long(group)).ToList();
        var alone = new List<Rollout[]>();
        foreach (var command in commands) alone.Add(await SampleAsync(command));
        await _policies.PreloadAsync(_weights[1]);

        var sampling = commands.ConvertAll(SampleAsync);
        var chats = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => ChatAsync(_weights[i % 2], i)));

        Assert.Contains(sampling, group => !group.IsCompleted);
        Assert.Equal([20, 20, 20, 20, 20, 20, 20, 20], chats.Select(chat => chat.Tokens.Length));
        for (var i = 0; i < commands.Count; i++) AssertSame(alone[i], await sampling[i].WaitAsync(TimeSpan.FromSeconds(30)));
        // Nor do groups change chats.
        for (var i = 0; i < 8; i++) Assert.Equal(chats[i].Tokens, (await ChatAsync(_weights[i % 2], i)).Tokens);
    }

    [Fact]
    public async Task Add_ChatsWithoutEnd_GroupsEndAllTheSame()
    {
        var flooding = true;
        var ended = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(AddNextAsync));
        foreach (var command in (SamplePromptGroup[])[Long(1), Long(2) with { Weights = _weights[2] }]) Assert.Equal(6, (await SampleAsync(command)).Length);
        flooding = false;
        Assert.True(ended > 8);

        async Task AddNextAsync(int seed) => await AddChatAsync(_weights[seed % 2], seed, completion =>
        {
            Assert.Equal(20, completion.Tokens.Length);
            Interlocked.Increment(ref ended);
            if (flooding) _ = AddNextAsync(seed + 2);
        });
    }

    private SamplePromptGroup Long(int group) =>
        Command(group, 0) with { GroupSize = 6, PromptTokens = [40 + group, 50], Sampling = new SamplingParameters { MaxCompletionTokens = 120 } };

    private async Task<Completion> ChatAsync(WeightsReference weights, int seed)
    {
        var result = new TaskCompletionSource<Completion>(TaskCreationOptions.RunContinuationsAsynchronously);
        await AddChatAsync(weights, seed, result.SetResult);
        return await result.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private async Task AddChatAsync(WeightsReference weights, int seed, Action<Completion> done)
    {
        using var lease = await _policies.RentAsync(weights);
        var request = new SampleRequest { Prompt = [30, 20], MaxTokens = 20, Key = RandomKey.FromSeed(seed) };
        _loops[0].Add(new DecodingWork(lease, isChat: true, _ => new BatchEntry(request, completions => done(completions[0])), error => Assert.Fail(error.Message)));
    }

    private Task<Rollout[]> SampleAsync(SamplePromptGroup command) => _sampler.SampleAsync(command, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

    private PromptGroupSampler Start(SamplingOptions settings)
    {
        var options = Options.Create(settings);
        _caches.Add(new PolicyCache(new ArtifactStore(_folder.Path, _folder.Path), options, NullLogger<PolicyCache>.Instance));
        _loops.Add(new SamplingLoop(options));
        _loops[^1].StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        return new PromptGroupSampler(_caches[^1], _loops[^1]);
    }

    private WeightsReference Save(int version)
    {
        var folder = Path.Combine(_folder.Path, $"version-{version}");
        TinyModel.SaveWithTokenizer(folder, seed: version);
        return new WeightsReference(version, $"version-{version}", CheckpointFolder.WeightsDigest(CheckpointFolder.Load(folder)));
    }

    private SamplePromptGroup Command(int group, int version) => new()
    {
        Id = new GroupId("job-1", version + 1, GroupPurpose.Train, group, group),
        Weights = _weights[version],
        PromptTokens = [40 + group, 50, 60],
        GroupSize = 3,
        Sampling = new SamplingParameters { MaxCompletionTokens = 8 },
        Seed = 1,
    };

    private static void AssertSame(Rollout[] expected, Rollout[] actual)
    {
        Assert.Equal(expected.Select(rollout => rollout.CompletionTokens), actual.Select(rollout => rollout.CompletionTokens));
        Assert.Equal(expected.Select(rollout => rollout.SamplingLogprobs), actual.Select(rollout => rollout.SamplingLogprobs));
    }
}
