using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// Log-probabilities and gradients of a model over prompt groups. Rows are packed without padding, a group's prompt is computed
/// once, and gradients add up in the order of the groups, so neither the row budget nor the number of threads changes a bit.
/// </summary>
public sealed unsafe class Learner : IDisposable
{
    /// <summary>Bytes of activations kept for the backward pass unless told otherwise: 2 GiB.</summary>
    public const long DefaultActivationBytes = 2L << 30;
    /// <summary>The same with an adapter, which is learned where memory is short: 256 MiB.</summary>
    public const long DefaultAdapterActivationBytes = 256L << 20;
    /// <summary>Token rows computed at once unless told otherwise.</summary>
    public const int DefaultRowBudget = 1536;
    private const int LeastRowBudget = 256;
    private readonly ThreadTeam _team;
    private readonly int _rowBudget;
    private readonly long _activationBytes;
    private readonly PackedWeights _weights;
    private readonly bool _ownsWeights;
    private readonly PackedAttention _attention;
    private readonly HeadPass _head;
    private readonly LoraAdapter? _adapter;
    private ParameterVector? _gradients;
    private AdapterBackward? _adapterBackward;
    private NativeBuffer? _lookupGradient;
    private TurnedWeights? _turned;
    private LearnerBuffers? _buffers;

    /// <param name="parameters">The weights; call <see cref="WeightsChanged"/> after changing them.</param>
    /// <param name="team">Threads to compute with.</param>
    /// <param name="rowBudget">Token rows computed at once: memory against the overhead of many small batches.</param>
    /// <param name="activationBytes">
    /// Memory for what there is of each row: the layers' inputs, scratch, and activations of as many layers as there is room for. The
    /// others keep their input alone and are computed again on the way back (Chen et al., 2016), which costs time and changes no bit.
    /// Null: <see cref="DefaultActivationBytes"/>, or <see cref="DefaultAdapterActivationBytes"/> with an adapter.
    /// </param>
    /// <param name="precision">How products are computed; the sampler's log-probabilities are the learner's where both use the same.</param>
    /// <param name="adapter">
    /// Learned in place of the weights, which are then frozen: they get no gradients, and neither the time nor the memory for any.
    /// </param>
    public Learner(Parameters parameters, ThreadTeam team, int rowBudget = DefaultRowBudget, long? activationBytes = null, Precision precision = Precision.F32,
        LoraAdapter? adapter = null)
        : this(parameters, new PackedWeights(parameters, team, precision, adapter), team, rowBudget, activationBytes) => _ownsWeights = true;

    /// <summary>A learner on packed weights, and the adapter beside them, that somebody else keeps.</summary>
    internal Learner(Parameters parameters, PackedWeights weights, ThreadTeam team, int rowBudget = DefaultRowBudget, long? activationBytes = null)
    {
        (Parameters, _weights, _team, _adapter) = (parameters, weights, team, weights.Adapter?.Source);
        _activationBytes = activationBytes ?? (_adapter is null ? DefaultActivationBytes : DefaultAdapterActivationBytes);
        // Without gradients of the weights small batches cost next to nothing: better than to compute layers twice.
        _rowBudget = _adapter is null ? rowBudget : Math.Min(rowBudget, Math.Max(LeastRowBudget, LearnerBuffers.AffordableRows(parameters.Layout.Config, _activationBytes)));
        _attention = new PackedAttention(_weights.Config, team);
        _head = new HeadPass(_weights, team);
    }

    public Parameters Parameters { get; }
    /// <summary>Sums of all gradients since they were last cleared; made when first asked for.</summary>
    public ParameterVector Gradients => _gradients ??= new ParameterVector(Trained.Layout);
    /// <summary>What is learned: the adapter if there is one, else all weights.</summary>
    public ParameterVector Trained => _adapter is null ? Parameters : _adapter;

    /// <summary>Call after changing what is learned.</summary>
    public void WeightsChanged()
    {
        if (_adapter is not null)
        {
            _weights.Adapter!.Repack(_team);
            return;
        }
        _weights.Repack(_team);
        _turned?.Repack(_team);
    }

    /// <summary>log p of every completion token, one array a completion, in the order of the groups.</summary>
    public float[][] Logprobs(IReadOnlyList<TrainingGroup> groups, double temperature = 1)
    {
        var results = groups.SelectMany(group => group.Completions).Select(completion => new float[completion.Length]).ToArray();
        Score(groups, temperature, (target, score) => results[target.Sequence][target.Position] = score.Logprob);
        return results;
    }

    /// <summary>Shows every completion token's score to <paramref name="loss"/>, which adds nothing to the gradients.</summary>
    public void Evaluate(IReadOnlyList<TrainingGroup> groups, ITokenLoss loss, double temperature = 1) =>
        Score(groups, temperature, (target, score) => loss.Gradient(target.Sequence, target.Position, score));

    /// <summary>As <see cref="Logprobs"/>, by the weights without the adapter.</summary>
    public float[][] BaseLogprobs(IReadOnlyList<TrainingGroup> groups, double temperature = 1)
    {
        _weights.BaseAlone = true;
        try
        {
            return Logprobs(groups, temperature);
        }
        finally
        {
            _weights.BaseAlone = false;
        }
    }

    /// <summary>Adds the gradients of <paramref name="loss"/> over all groups to <see cref="Gradients"/>.</summary>
    public void Backward(IReadOnlyList<TrainingGroup> groups, ITokenLoss loss, double temperature = 1)
    {
        if (_weights.Precision == Precision.BF16) _turned ??= new TurnedWeights(Parameters, _team);
        // A tied matrix is learned from twice; the two sums are kept apart so that batch borders do not change their order.
        if (_weights.Config.TieWordEmbeddings && _adapter is null) _lookupGradient ??= new NativeBuffer((long)_weights.Config.VocabSize * _weights.Config.HiddenSize);
        foreach (var batch in Cut(groups))
        {
            Forward(batch, forBackward: true);
            _buffers!.StreamGradient!.Clear();
            _head.Backward(batch, _buffers.Stream, (float)(1 / temperature), loss, Parameters, _turned, WeightGradients, _buffers.StreamGradient);
            Backward(batch);
        }
        AddLookupGradient();
    }

    /// <summary>Logits of every position of one sequence, [tokens, vocabulary]; for checks against other implementations.</summary>
    public float[] Logits(int[] tokens)
    {
        Forward(new PackedBatch([new TrainingGroup(tokens, [])], 0, evenRows: false), forBackward: false);
        return _head.Logits(tokens.Length, _buffers!.Stream);
    }

    public void Dispose()
    {
        _gradients?.Dispose();
        _turned?.Dispose();
        if (_ownsWeights) _weights.Dispose();
        _attention.Dispose();
        _head.Dispose();
        _lookupGradient?.Dispose();
        _buffers?.Dispose();
    }

    private void Score(IReadOnlyList<TrainingGroup> groups, double temperature, Action<Target, TokenScore> found)
    {
        foreach (var batch in Cut(groups))
        {
            Forward(batch, forBackward: false);
            _head.Logprobs(batch, _buffers!.Stream, (float)(1 / temperature), found);
        }
    }

    /// <summary>In bf16 gradients are summed over pairs of rows, which must be the same in every batch.</summary>
    private IEnumerable<PackedBatch> Cut(IReadOnlyList<TrainingGroup> groups) => PackedBatch.Cut(groups, _rowBudget, evenRows: _weights.Precision == Precision.BF16);

    /// <summary>Gradients of the weights; null where they are frozen.</summary>
    private ParameterVector? WeightGradients => _adapter is null ? Gradients : null;

    private void Forward(PackedBatch batch, bool forBackward)
    {
        if (_buffers is null || !_buffers.Fit(batch.Rows, forBackward))
        {
            _buffers?.Dispose();
            _buffers = new LearnerBuffers(_weights.Config, batch.Rows, forBackward ? _activationBytes : null, _weights.Precision, _adapter?.Layout.Columns ?? 0);
        }
        _attention.Begin(batch);
        fixed (int* positions = batch.Positions, tokens = batch.Tokens)
        {
            _team.Run(new EmbeddingJob(_weights, batch.Rows, tokens, _buffers.Input(0)));
            for (var i = 0; i < _weights.Layers.Length; i++)
                TransformerLayer.Forward(_weights, i, _buffers.Layer(i), batch.Rows, positions, _attention, _buffers.Input(i), _buffers.Input(i + 1), _team);
        }
    }

    private void Backward(PackedBatch batch)
    {
        var buffers = _buffers!;
        var gradient = buffers.StreamGradient!.Start;
        var backward = buffers.Backward!;
        if (_adapter is not null) _adapterBackward ??= new AdapterBackward(_adapter, _weights.Adapter!, Gradients, _team);
        fixed (int* positions = batch.Positions, tokens = batch.Tokens)
        {
            for (var i = _weights.Layers.Length - 1; i >= 0; i--)
            {
                if (!buffers.IsKept(i))
                    TransformerLayer.Forward(_weights, i, buffers.Layer(i), batch.Rows, positions, _attention, buffers.Input(i), null, _team);
                backward.Run(i, _weights, _turned, Parameters, WeightGradients, _adapterBackward, buffers.Input(i), buffers.Layer(i), _attention, batch.Rows, positions, gradient, _team);
            }
            if (_adapter is not null) return;
            var embedding = _lookupGradient == null ? Gradients.At(Parameters.Layout.Embedding) : _lookupGradient.Start;
            _team.Run(new EmbeddingGradientJob(batch.Rows, _weights.Config.HiddenSize, tokens, gradient, embedding));
        }
    }

    private void AddLookupGradient()
    {
        if (_lookupGradient == null) return;
        VectorMath.Add(Gradients.At(Parameters.Layout.Embedding), _lookupGradient.Start, (int)_lookupGradient.Length);
        _lookupGradient.Clear();
    }
}
