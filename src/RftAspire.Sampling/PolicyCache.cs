using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
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

    private sealed class Slot(string key)
    {
        public string Key => key;
        public required Task<LoadedPolicy> Loading { get; init; }
        public int Users { get; set; }
        public bool IsIdle => Users == 0 && Loading.IsCompletedSuccessfully;
    }

    /// <summary>The model of a reference, which stays in memory until the lease is disposed of.</summary>
    /// <exception cref="Engine.Checkpoints.CheckpointException">The folder holds no such model.</exception>
    public async Task<PolicyLease> RentAsync(WeightsReference weights)
    {
        var slot = Find(weights, users: 1);
        try
        {
            return new PolicyLease(await slot.Loading, again => Count(slot, again ? 1 : -1));
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

    private Slot Find(WeightsReference weights, int users)
    {
        var folder = Path.Combine(artifacts.Root, weights.Location);
        var key = $"{(weights.Digest.Length > 0 ? weights.Digest : Stamp(folder))} {weights.Precision}";
        lock (_lock)
        {
            // One that could not be loaded is tried again.
            _slots.RemoveAll(slot => slot.Loading.IsFaulted);
            var at = _slots.FindIndex(slot => slot.Key == key);
            var slot = at >= 0 ? _slots[at] : new Slot(key) { Loading = Task.Run(() => Load(folder, weights)) };
            if (at >= 0) _slots.RemoveAt(at);
            _slots.Add(slot);
            slot.Users += users;
            return slot;
        }
    }

    private LoadedPolicy Load(string folder, WeightsReference weights)
    {
        var model = LanguageModel.Load(weights.Base is { } frozen ? Path.Combine(artifacts.Root, frozen) : folder, weights.Digest.Length > 0 ? weights.Digest : null,
            options.Value.Threads, weights.Precision == ProductPrecision.Bf16 ? Precision.BF16 : Precision.F32, weights.Base is null ? null : folder);
        model.Prepare();
        LogLoaded(weights.Version, weights.Location);
        return new LoadedPolicy(model);
    }

    /// <summary>What a folder without a known digest is told apart by.</summary>
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
