using Microsoft.Extensions.Options;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Model;

namespace RftAspire.Sampling;

/// <summary>The newest few weights versions, loaded once each and checked against their digest.</summary>
public sealed partial class PolicyCache(ArtifactStore artifacts, IOptions<SamplingOptions> options, ILogger<PolicyCache> logger) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<(string Digest, ProductPrecision Precision, LanguageModel Model)> _models = [];
    private LanguageModel? _inUse;

    /// <summary>The model of a reference; stays loaded at least until the next call.</summary>
    public LanguageModel Use(WeightsReference weights)
    {
        lock (_lock) return _inUse = Load(weights);
    }

    /// <summary>Loads a version ahead of its first use.</summary>
    public void Preload(WeightsReference weights)
    {
        lock (_lock) Load(weights);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var (_, _, model) in _models) model.Dispose();
            _models.Clear();
        }
    }

    private LanguageModel Load(WeightsReference weights)
    {
        var at = _models.FindIndex(entry => entry.Digest == weights.Digest && entry.Precision == weights.Precision);
        var entry = at >= 0 ? _models[at] : (weights.Digest, weights.Precision, LoadFrom(weights));
        if (at >= 0) _models.RemoveAt(at);
        else LogLoaded(weights.Version, weights.Location);
        _models.Add(entry);
        Evict(entry.Item3);
        return entry.Item3;
    }

    private LanguageModel LoadFrom(WeightsReference weights) => LanguageModel.Load(Path.Combine(artifacts.Root, weights.Location), weights.Digest,
        options.Value.Threads, weights.Precision == ProductPrecision.Bf16 ? Precision.BF16 : Precision.F32);

    private void Evict(LanguageModel keep)
    {
        for (var i = 0; i < _models.Count && _models.Count > options.Value.CachedVersions; i++)
        {
            if (_models[i].Model == keep || _models[i].Model == _inUse) continue;
            _models[i].Model.Dispose();
            _models.RemoveAt(i--);
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "loaded weights version {Version} from {Location}")]
    private partial void LogLoaded(int version, string location);
}
