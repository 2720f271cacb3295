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
    /// <summary>Token rows computed at once unless told otherwise.</summary>
    public const int DefaultRowBudget = 1536;
    private readonly ThreadTeam _team;
    private readonly int _rowBudget;
    private readonly long _activationBytes;
    private readonly PackedWeights _weights;
    private readonly bool _ownsWeights;
    private readonly PackedAttention _attention;
    private readonly HeadPass _head;
    private Parameters? _gradients;
    private NativeBuffer? _lookupGradient;
    private TurnedWeights? _turned;
    private LearnerBuffers? _buffers;

    /// <param name="parameters">The weights; call <see cref="WeightsChanged"/> after changing them.</param>
    /// <param name="team">Threads to compute with.</param>
    /// <param name="rowBudget">Token rows computed at once: memory against the overhead of many small batches.</param>
    /// <param name="activationBytes">
    /// Memory for the layers' activations. Layers beyond it keep their input alone and are computed again on the way back (Chen et al.,
    /// 2016), which costs time and changes no bit.
    /// </param>
    /// <param name="precision">How products are computed; the sampler's log-probabilities are the learner's where both use the same.</param>
    public Learner(Parameters parameters, ThreadTeam team, int rowBudget = DefaultRowBudget, long activationBytes = DefaultActivationBytes, Precision precision = Precision.F32)
        : this(parameters, new PackedWeights(parameters, team, precision), team, rowBudget, activationBytes) => _ownsWeights = true;

    /// <summary>A learner on packed weights that somebody else keeps.</summary>
    internal Learner(Parameters parameters, PackedWeights weights, ThreadTeam team, int rowBudget = DefaultRowBudget, long activationBytes = DefaultActivationBytes)
    {
        (Parameters, _weights, _team, _rowBudget, _activationBytes) = (parameters, weights, team, rowBudget, activationBytes);
        _attention = new PackedAttention(_weights.Config, team);
        _head = new HeadPass(_weights, team);
    }

    public Parameters Parameters { get; }
    /// <summary>Sums of all gradients since they were last cleared; made when first asked for.</summary>
    public Parameters Gradients => _gradients ??= new Parameters(Parameters.Layout);

    public void WeightsChanged()
    {
        _weights.Repack(_team);
        _turned?.Repack(_team);
    }

    /// <summary>log p of every completion token, one array a completion, in the order of the groups.</summary>
    public float[][] Logprobs(IReadOnlyList<TrainingGroup> groups, double temperature = 1)
    {
        var results = groups.SelectMany(group => group.Completions).Select(completion => new float[completion.Length]).ToArray();
        foreach (var batch in Cut(groups))
        {
            Forward(batch, forBackward: false);
            _head.Logprobs(batch, _buffers!.Stream, (float)(1 / temperature), (target, logprob) => results[target.Sequence][target.Position] = logprob);
        }
        return results;
    }

    /// <summary>Adds the gradients of <paramref name="loss"/> over all groups to <see cref="Gradients"/>.</summary>
    public void Backward(IReadOnlyList<TrainingGroup> groups, ITokenLoss loss, double temperature = 1)
    {
        if (_weights.Precision == Precision.BF16) _turned ??= new TurnedWeights(Parameters, _team);
        // A tied matrix is learned from twice; the two sums are kept apart so that batch borders do not change their order.
        if (_weights.Config.TieWordEmbeddings) _lookupGradient ??= new NativeBuffer((long)_weights.Config.VocabSize * _weights.Config.HiddenSize);
        foreach (var batch in Cut(groups))
        {
            Forward(batch, forBackward: true);
            _buffers!.StreamGradient!.Clear();
            _head.Backward(batch, _buffers.Stream, (float)(1 / temperature), loss, Parameters, _turned, Gradients, _buffers.StreamGradient);
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

    /// <summary>In bf16 gradients are summed over pairs of rows, which must be the same in every batch.</summary>
    private IEnumerable<PackedBatch> Cut(IReadOnlyList<TrainingGroup> groups) => PackedBatch.Cut(groups, _rowBudget, evenRows: _weights.Precision == Precision.BF16);

    private void Forward(PackedBatch batch, bool forBackward)
    {
        if (_buffers is null || !_buffers.Fit(batch.Rows, forBackward))
        {
            _buffers?.Dispose();
            _buffers = new LearnerBuffers(_weights.Config, batch.Rows, forBackward ? _activationBytes : null, _weights.Precision);
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
        fixed (int* positions = batch.Positions, tokens = batch.Tokens)
        {
            for (var i = _weights.Layers.Length - 1; i >= 0; i--)
            {
                if (!buffers.IsKept(i))
                    TransformerLayer.Forward(_weights, i, buffers.Layer(i), batch.Rows, positions, _attention, buffers.Input(i), null, _team);
                backward.Run(i, _weights, _turned, Parameters, Gradients, buffers.Input(i), buffers.Layer(i), _attention, batch.Rows, positions, gradient, _team);
            }
            var embedding = _lookupGradient == null ? Gradients.At(Gradients.Layout.Embedding) : _lookupGradient.Start;
            _team.Run(new EmbeddingGradientJob(batch.Rows, _weights.Config.HiddenSize, tokens, gradient, embedding));
        }
    }

    private void AddLookupGradient()
    {
        if (_lookupGradient == null) return;
        VectorMath.Add(Gradients.At(Gradients.Layout.Embedding), _lookupGradient.Start, (int)_lookupGradient.Length);
        _lookupGradient.Clear();
    }
}
