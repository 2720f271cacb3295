using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;

namespace RftAspire.Sampling;

/// <summary>
/// Models in memory, loaded once each beside the decoding and checked against their digest. One that somebody has rented stays;
/// of the others, those used last do.
/// </summary>
public sealed partial class PolicyCache(ArtifactStore artifacts, IOptions<SamplingOptions> options, ILogger<PolicyCache> logger) : IDisposable
{
    private readonly Lock _lock = new();
    // The one used last comes last.
    private readonly List<Slot> _slots = [];

    private sealed class Slot(string stamp, WeightsReference weights)
    {
        public required Task<LoadedPolicy> Loading { get; init; }
        public int Users { get; set; }
        public bool IsIdle => Users == 0 && Loading.IsCompletedSuccessfully;

        public bool HasDigest(WeightsReference other) => other.Digest.Length > 0 && (weights.Digest, weights.Precision) == (other.Digest, other.Precision);
        public bool IsOf(string folder, WeightsReference other) => (stamp, weights.Precision) == (folder, other.Precision);
    }

    /// <summary>The model of a reference, which stays in memory until the lease is disposed of.</summary>
    /// <exception cref="CheckpointException">The folder holds no such model.</exception>
    public async Task<PolicyLease> RentAsync(WeightsReference weights)
    {
        var slot = Find(weights, users: 1);
        try
        {
            var policy = await slot.Loading;
            // Whoever had it loaded may have known no digest.
            Check(policy.Model, weights);
            return new PolicyLease(policy, again => Count(slot, again ? 1 : -1));
        }
        catch
        {
            Count(slot, -1);
            throw;
        }
    }

    /// <summary>Loads a version ahead of its first use.</summary>
    public async Task PreloadAsync(WeightsReference weights)
    {
        var slot = Find(weights, users: 0);
        await slot.Loading;
        Count(slot, 0);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var slot in _slots.Where(slot => slot.Loading.IsCompletedSuccessfully)) slot.Loading.Result.Dispose();
            _slots.Clear();
        }
    }

    /// <summary>
    /// The slot of weights, known by their digest, for a folder may be gone while what was in it is still asked for; or by their folder, so
    /// that a job and the chats with the model it starts from have one copy.
    /// </summary>
    private Slot Find(WeightsReference weights, int users)
    {
        if (Take(slot => slot.HasDigest(weights), users) is { } known) return known;
        var folder = Path.Combine(artifacts.Root, weights.Location);
        var stamp = Stamp(folder);
        lock (_lock)
        {
            if (Take(slot => slot.IsOf(stamp, weights), users) is { } same) return same;
            _slots.Add(new Slot(stamp, weights) { Loading = Task.Run(() => Load(folder, weights)), Users = users });
            return _slots[^1];
        }
    }

    private Slot? Take(Predicate<Slot> isSought, int users)
    {
        lock (_lock)
        {
            // One that could not be loaded is tried again.
            _slots.RemoveAll(slot => slot.Loading.IsFaulted);
            if (_slots.Find(isSought) is not { } slot) return null;
            _slots.Remove(slot);
            _slots.Add(slot);
            slot.Users += users;
            return slot;
        }
    }

    private LoadedPolicy Load(string folder, WeightsReference weights)
    {
        var precision = weights.Precision == ProductPrecision.Bf16 ? Precision.BF16 : Precision.F32;
        var model = weights.Base is { } frozen
            ? LanguageModel.Load(Path.Combine(artifacts.Root, frozen), options.Value.Threads, precision, adapterFolder: folder)
            : LanguageModel.Load(folder, options.Value.Threads, precision);
        try
        {
            Check(model, weights);
            model.Prepare();
        }
        catch
        {
            model.Dispose();
            throw;
        }
        LogLoaded(weights.Version, weights.Location);
        return new LoadedPolicy(model);
    }

    private static void Check(LanguageModel model, WeightsReference weights)
    {
        if (weights.Digest.Length > 0 && model.Digest != weights.Digest)
            throw new CheckpointException(weights.Location, $"holds weights of digest {model.Digest}, not {weights.Digest}");
    }

    /// <summary>What folders are told apart by without reading them.</summary>
    private static string Stamp(string folder) => string.Join(' ', new DirectoryInfo(folder) is { Exists: true } directory
        ? directory.EnumerateFiles().OrderBy(file => file.Name, StringComparer.Ordinal).Select(file => FormattableString.Invariant($"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}"))
        : [folder]);

    private void Count(Slot slot, int users)
    {
        List<LoadedPolicy> gone = [];
        lock (_lock)
        {
            slot.Users += users;
            var idle = _slots.Where(slot => slot.IsIdle).ToList();
            foreach (var old in idle.SkipLast(options.Value.CachedVersions))
            {
                _slots.Remove(old);
                gone.Add(old.Loading.Result);
            }
        }
        gone.ForEach(policy => policy.Dispose());
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "loaded weights version {Version} from {Location}")]
    private partial void LogLoaded(int version, string location);
}

/// <summary>Holds a model in memory.</summary>
public sealed class PolicyLease(LoadedPolicy policy, Action<bool> count) : IDisposable
{
    private int _disposed;

    public LoadedPolicy Policy => policy;

    /// <summary>A second lease, which may outlive this one.</summary>
    public PolicyLease Again()
    {
        count(true);
        return new PolicyLease(policy, count);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) count(false);
    }
}
