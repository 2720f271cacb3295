using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// Log-probabilities and gradients of a model over prompt groups. Rows are packed without padding, a group's prompt is computed
/// once, and gradients add up in the order of the groups, so neither the row budget nor the number of threads changes a bit.
/// </summary>
public sealed unsafe class Learner : IDisposable
{
    private readonly ThreadTeam _team;
    private readonly int _rowBudget;
    private readonly PackedWeights _weights;
    private readonly PackedAttention _attention;
    private readonly HeadPass _head;
    private LayerActivations[] _layers = [];
    private LayerBackward? _backward;
    private NativeBuffer? _stream;
    private NativeBuffer? _streamGradient;
    private readonly NativeBuffer? _lookupGradient;
    private int _rows;

    /// <param name="parameters">The weights; call <see cref="WeightsChanged"/> after changing them.</param>
    /// <param name="team">Threads to compute with.</param>
    /// <param name="rowBudget">Token rows computed at once: memory against the overhead of many small batches.</param>
    public Learner(Parameters parameters, ThreadTeam team, int rowBudget = 1536)
    {
        (Parameters, _team, _rowBudget) = (parameters, team, rowBudget);
        Gradients = new Parameters(parameters.Layout);
        _weights = new PackedWeights(parameters, team);
        _attention = new PackedAttention(_weights.Config, team);
        _head = new HeadPass(_weights, team);
        // A tied matrix is learned from twice; the two sums are kept apart so that batch borders do not change their order.
        if (_weights.Config.TieWordEmbeddings) _lookupGradient = new NativeBuffer((long)_weights.Config.VocabSize * _weights.Config.HiddenSize);
    }

    public Parameters Parameters { get; }
    public Parameters Gradients { get; }

    public void WeightsChanged() => _weights.Repack(_team);

    /// <summary>log p of every completion token, one array a completion, in the order of the groups.</summary>
    public float[][] Logprobs(IReadOnlyList<TrainingGroup> groups, double temperature = 1)
    {
        var results = groups.SelectMany(group => group.Completions).Select(completion => new float[completion.Length]).ToArray();
        foreach (var batch in PackedBatch.Cut(groups, _rowBudget))
        {
            Forward(batch);
            _head.Logprobs(batch, _stream!, (float)(1 / temperature), (target, logprob) => results[target.Sequence][target.Position] = logprob);
        }
        return results;
    }

    /// <summary>Adds the gradients of <paramref name="loss"/> over all groups to <see cref="Gradients"/>.</summary>
    public void Backward(IReadOnlyList<TrainingGroup> groups, ITokenLoss loss, double temperature = 1)
    {
        foreach (var batch in PackedBatch.Cut(groups, _rowBudget))
        {
            Forward(batch);
            _streamGradient!.Clear();
            _head.Backward(batch, _stream!, (float)(1 / temperature), loss, Parameters, Gradients, _streamGradient);
            Backward(batch);
        }
        AddLookupGradient();
    }

    /// <summary>Logits of every position of one sequence, [tokens, vocabulary]; for checks against other implementations.</summary>
    public float[] Logits(int[] tokens)
    {
        Forward(new PackedBatch([new TrainingGroup(tokens, [])], 0));
        return _head.Logits(tokens.Length, _stream!);
    }

    public void Dispose()
    {
        Gradients.Dispose();
        _weights.Dispose();
        _attention.Dispose();
        _head.Dispose();
        _lookupGradient?.Dispose();
        Release();
    }

    private void Forward(PackedBatch batch)
    {
        Reserve(batch.Rows);
        _attention.Begin(batch);
        var hidden = _weights.Config.HiddenSize;
        for (var r = 0; r < batch.Rows; r++)
        {
            new ReadOnlySpan<float>(_weights.Embedding(batch.Tokens[r]), hidden).CopyTo(new Span<float>(_layers[0].Input + (long)r * hidden, hidden));
        }
        fixed (int* positions = batch.Positions)
        {
            for (var i = 0; i < _layers.Length; i++)
            {
                var output = i + 1 < _layers.Length ? _layers[i + 1].Input : _stream!.Start;
                TransformerLayer.Forward(_weights, i, _layers[i], batch.Rows, positions, _attention, output, _team);
            }
        }
    }

    private void Backward(PackedBatch batch)
    {
        fixed (int* positions = batch.Positions, tokens = batch.Tokens)
        {
            for (var i = _layers.Length - 1; i >= 0; i--)
                _backward!.Run(i, _weights, Parameters, Gradients, _layers[i], _attention, batch.Rows, positions, _streamGradient!.Start);
            var embedding = _lookupGradient == null ? Gradients.At(Gradients.Layout.Embedding) : _lookupGradient.Start;
            _team.Run(new EmbeddingGradientJob(batch.Rows, _weights.Config.HiddenSize, tokens, _streamGradient!.Start, embedding));
        }
    }

    private void AddLookupGradient()
    {
        if (_lookupGradient == null) return;
        VectorMath.Add(Gradients.At(Gradients.Layout.Embedding), _lookupGradient.Start, (int)_lookupGradient.Length);
        _lookupGradient.Clear();
    }

    private void Reserve(int rows)
    {
        if (rows <= _rows) return;
        Release();
        _rows = rows;
        _layers = new LayerActivations[_weights.Config.Layers];
        for (var i = 0; i < _layers.Length; i++) _layers[i] = new LayerActivations(_weights.Config, rows, keepForBackward: true);
        _backward = new LayerBackward(_weights.Config, rows, _team);
        _stream = new NativeBuffer((long)rows * _weights.Config.HiddenSize);
        _streamGradient = new NativeBuffer((long)rows * _weights.Config.HiddenSize);
    }

    private void Release()
    {
        foreach (var layer in _layers) layer.Dispose();
        _backward?.Dispose();
        _stream?.Dispose();
        _streamGradient?.Dispose();
    }
}
