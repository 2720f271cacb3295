using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Training;

namespace RftAspire.Engine;

/// <summary>A Hugging Face folder ready to use: weights, tokenizer and chat template.</summary>
public sealed class LanguageModel : IDisposable
{
    private readonly Parameters _parameters;
    private readonly LoraAdapter? _adapter;
    private readonly ThreadTeam _team;
    private readonly Lazy<PackedWeights> _weights;
    private readonly Lazy<Learner> _learner;
    private readonly Lazy<string> _digest;

    private LanguageModel(Parameters parameters, LoraAdapter? adapter, PromptEncoder? encoder, int threads, Precision precision)
    {
        (_parameters, _adapter, Encoder) = (parameters, adapter, encoder);
        _team = new ThreadTeam(threads);
        _weights = new(() => new PackedWeights(_parameters, _team, precision, _adapter));
        _learner = new(() => new Learner(_parameters, _weights.Value, _team));
        _digest = new(() => CheckpointFolder.WeightsDigest(_adapter is null ? _parameters : _adapter));
    }

    public ModelConfig Config => _parameters.Layout.Config;
    public ParameterLayout Layout => _parameters.Layout;

    /// <summary>Digest of what is trained: of the adapter where there is one, else of the weights.</summary>
    public string Digest => _digest.Value;

    /// <summary>Tokenizer and chat template; null where the folder has no tokenizer.</summary>
    public PromptEncoder? Encoder { get; }

    /// <param name="folder">config.json, model.safetensors (also sharded), and the tokenizer's files where text is used.</param>
    /// <param name="threads">Threads to compute with; 0 takes one per processor.</param>
    /// <param name="precision">How products are computed; those of an adapter are float32 in both.</param>
    /// <param name="adapterFolder">A low-rank adapter as PEFT writes it, applied beside the weights; null for none.</param>
    /// <exception cref="CheckpointException">A file is missing or malformed; the message names the file and the tensor or field.</exception>
    public static LanguageModel Load(string folder, int threads = 0, Precision precision = Precision.F32, string? adapterFolder = null)
    {
        var parameters = CheckpointFolder.Load(folder);
        LoraAdapter? adapter = null;
        try
        {
            var encoder = PromptEncoder.Exists(folder) ? PromptEncoder.Load(folder, parameters.Layout.Config) : null;
            adapter = adapterFolder is null ? null : AdapterFolder.Load(adapterFolder, parameters.Layout.Config);
            return new LanguageModel(parameters, adapter, encoder, threads, precision);
        }
        catch
        {
            parameters.Dispose();
            adapter?.Dispose();
            throw;
        }
    }

    /// <summary>A model on given weights and adapter, which it owns from now on; it has no tokenizer.</summary>
    /// <exception cref="ArgumentException">The adapter is for a model of other sizes.</exception>
    public static LanguageModel Create(Parameters parameters, int threads = 0, Precision precision = Precision.F32, LoraAdapter? adapter = null)
    {
        adapter?.CheckFits(parameters.Layout.Config);
        return new(parameters, adapter, encoder: null, threads, precision);
    }

    /// <summary>Log-probability of each next id at temperature 1: element i is log p(ids[i + 1] | ids[..i]).</summary>
    public float[] Score(int[] ids)
    {
        CheckTokens(ids);
        return ids.Length < 2 ? [] : _learner.Value.Logprobs([new TrainingGroup(ids[..1], [ids[1..]])])[0];
    }

    /// <summary>Completions of each request, in the order of the requests.</summary>
    /// <exception cref="Constraints.SchemaException">A request's schema proved too ambiguous to decode under.</exception>
    public IReadOnlyList<Completion>[] Sample(IReadOnlyList<SampleRequest> requests, CancellationToken cancellation = default) =>
        new Sampler(_weights.Value, _team).Sample(requests, cancellation);

    /// <summary>Does ahead of its first use what decoding needs once: the weights in the order of the kernels.</summary>
    public void Prepare() => _ = _weights.Value;

    /// <summary>An empty batch on these weights that requests may join at any time; of a model's batches one may work at once.</summary>
    /// <param name="cacheBytes">Most memory for keys and values.</param>
    public DecodingBatch OpenBatch(long cacheBytes = DecodingBatch.DefaultCacheBytes) => new(_weights.Value, _team, cacheBytes);

    public void Dispose()
    {
        if (_learner.IsValueCreated) _learner.Value.Dispose();
        if (_weights.IsValueCreated) _weights.Value.Dispose();
        _parameters.Dispose();
        _adapter?.Dispose();
        _team.Dispose();
    }

    private void CheckTokens(int[] ids)
    {
        foreach (var id in ids)
        {
            if ((uint)id >= Config.VocabSize) throw new ArgumentException($"token {id} is outside the model's vocabulary of {Config.VocabSize}");
        }
        if (ids.Length > Config.MaxPositionEmbeddings) throw new ArgumentException($"{ids.Length} tokens exceed the model's context of {Config.MaxPositionEmbeddings}");
    }
}
