using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A request and what to do with its completions once all have ended.</summary>
public readonly record struct BatchEntry(SampleRequest Request, Action<IReadOnlyList<Completion>> Done);

/// <summary>
/// Continuous batching: groups join at any time, every <see cref="Step"/> draws one token for each active completion, and
/// finished ones leave at once. What a completion holds does not depend on who else is in the batch.
/// </summary>
public sealed unsafe class DecodingBatch : IDisposable
{
    private const int PrefillRows = 1024;
    private readonly PackedWeights _weights;
    private readonly ThreadTeam _team;
    private readonly CachedAttention _attention;
    private readonly NativeBuffer?[] _numerators;
    private readonly List<RolloutState> _active = [];
    private LayerActivations? _activations;
    private NativeBuffer? _logits;
    private int _rowCapacity;
    private int _logitsCapacity;

    internal DecodingBatch(PackedWeights weights, ThreadTeam team)
    {
        (_weights, _team) = (weights, team);
        _attention = new CachedAttention(weights.Config, team);
        _numerators = new NativeBuffer?[team.Threads];
        for (var t = 0; t < team.Threads; t++) _numerators[t] = new NativeBuffer(TokenDistribution.RoundUp(weights.Config.VocabSize));
    }

    /// <summary>Completions being decoded.</summary>
    public int Active => _active.Count;
    /// <summary>Tokens drawn since the batch was made.</summary>
    public long TokensSampled { get; private set; }

    /// <summary>Processes the prompts, draws every completion's first token, and adds the unfinished ones to the batch.</summary>
    /// <exception cref="ArgumentException">A request does not fit the model; nothing was admitted.</exception>
    public void Admit(IReadOnlyList<BatchEntry> entries)
    {
        foreach (var entry in entries) entry.Request.Check(_weights.Config);
        Admit(entries.Select(entry => new PromptGroupState(_weights.Config, entry.Request, entry.Done)).ToList());
    }

    private void Admit(List<PromptGroupState> groups)
    {
        for (var next = 0; next < groups.Count;)
        {
            var (rows, chunk) = (0, new List<GroupRows>());
            while (next < groups.Count && (chunk.Count == 0 || rows + groups[next].Request.Prompt.Length <= PrefillRows))
            {
                chunk.Add(new GroupRows(groups[next], rows, groups[next].Request.Prompt.Length));
                rows += groups[next++].Request.Prompt.Length;
            }
            Prefill(chunk, rows);
        }
    }

    /// <summary>Draws the next token of every active completion; false when there is none.</summary>
    public bool Step()
    {
        if (_active.Count == 0) return false;
        var rollouts = _active.ToArray();
        Reserve(rollouts.Length, rollouts.Length);
        var positions = new int[rollouts.Length];
        for (var r = 0; r < rollouts.Length; r++)
        {
            positions[r] = rollouts[r].Group.Request.Prompt.Length + rollouts[r].Length - 1;
            LoadEmbedding(rollouts[r].LastToken, r);
        }
        _attention.Decode(GroupsOf(rollouts), rollouts);
        RunLayers(rollouts.Length, positions);
        NormalizeRows(rollouts.Length, row => row);
        Draw(rollouts, row => row, rollouts.Length);
        return true;
    }

    public void Dispose()
    {
        foreach (var rollout in _active) rollout.Group.Dispose();
        _activations?.Dispose();
        _logits?.Dispose();
        _attention.Dispose();
        foreach (var buffer in _numerators) buffer?.Dispose();
    }

    private void Prefill(List<GroupRows> chunk, int rows)
    {
        Reserve(rows, chunk.Count);
        var positions = new int[rows];
        foreach (var (group, firstRow, count) in chunk)
        {
            for (var p = 0; p < count; p++)
            {
                positions[firstRow + p] = p;
                LoadEmbedding(group.Request.Prompt[p], firstRow + p);
            }
        }
        _attention.Prefill(chunk);
        RunLayers(rows, positions);
        NormalizeRows(chunk.Count, i => chunk[i].FirstRow + chunk[i].Rows - 1);
        var rollouts = chunk.SelectMany(rows => rows.Group.Rollouts).ToArray();
        var logitRow = chunk.SelectMany((rows, i) => Enumerable.Repeat(i, rows.Group.Rollouts.Length)).ToArray();
        _active.AddRange(rollouts);
        Draw(rollouts, i => logitRow[i], chunk.Count);
    }

    private void Reserve(int rows, int logitRows)
    {
        if (rows > _rowCapacity)
        {
            _activations?.Dispose();
            _activations = new LayerActivations(_weights.Config, _rowCapacity = rows, keepForBackward: false);
        }
        if (logitRows > _logitsCapacity)
        {
            _logits?.Dispose();
            _logits = new NativeBuffer((long)(_logitsCapacity = logitRows) * _weights.Config.VocabSize);
        }
    }

    private void LoadEmbedding(int token, int row)
    {
        var hidden = _weights.Config.HiddenSize;
        new ReadOnlySpan<float>(_weights.Embedding(token), hidden).CopyTo(new Span<float>(_activations!.Input + (long)row * hidden, hidden));
    }

    private void RunLayers(int rows, int[] positions)
    {
        fixed (int* at = positions)
        {
            for (var i = 0; i < _weights.Layers.Length; i++)
                TransformerLayer.Forward(_weights, i, _activations!, rows, at, _attention, _activations!.Input, _team);
        }
    }

    /// <summary>Final norm of chosen rows, packed into the first rows of the norm buffer, then their logits.</summary>
    private void NormalizeRows(int count, Func<int, int> sourceRow)
    {
        var hidden = _weights.Config.HiddenSize;
        for (var i = 0; i < count; i++)
        {
            RmsNormJob.Normalize(_activations!.Input + (long)sourceRow(i) * hidden, _weights.FinalNorm, _activations.Normed + (long)i * hidden,
                hidden, (float)_weights.Config.RmsNormEps);
        }
        _team.Run(new LinearJob(_weights.Head, count, _activations!.Normed, _logits!.Start, accumulate: false));
    }

    private void Draw(RolloutState[] rollouts, Func<int, int> logitRow, int logitRows)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(logitRows, _logitsCapacity);
        var draws = new (int Token, float Logprob)[rollouts.Length];
        _team.Run(new DrawJob(this, rollouts, logitRow, draws));
        for (var i = 0; i < rollouts.Length; i++) rollouts[i].Append(draws[i].Token, draws[i].Logprob);
        TokensSampled += rollouts.Length;
        foreach (var rollout in rollouts)
        {
            if (rollout.Finished) rollout.Group.Finish();
        }
        _active.RemoveAll(rollout => rollout.Finished);
    }

    /// <summary>Completions of a group stay next to each other, so their rows share one product with the prompt's keys.</summary>
    private static List<GroupRows> GroupsOf(RolloutState[] rollouts)
    {
        var groups = new List<GroupRows>();
        for (var first = 0; first < rollouts.Length;)
        {
            var end = first + 1;
            while (end < rollouts.Length && rollouts[end].Group == rollouts[first].Group) end++;
            groups.Add(new GroupRows(rollouts[first].Group, first, end - first));
            first = end;
        }
        return groups;
    }

    private readonly struct DrawJob(DecodingBatch batch, RolloutState[] rollouts, Func<int, int> logitRow, (int Token, float Logprob)[] draws) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            for (var i = rollouts.Length * thread / threads; i < rollouts.Length * (thread + 1) / threads; i++)
                draws[i] = batch.DrawOne(rollouts[i], logitRow(i), batch._numerators[thread]!.Start);
        }
    }

    private (int Token, float Logprob) DrawOne(RolloutState rollout, int row, float* numerators)
    {
        var (request, vocabulary) = (rollout.Group.Request, _weights.Config.VocabSize);
        var inverseTemperature = request.Temperature > 0 ? (float)(1 / request.Temperature) : 1;
        var distribution = new TokenDistribution(_logits!.Start + (long)row * vocabulary, vocabulary, inverseTemperature, numerators);
        if (request.Temperature > 0 && (request.TopK > 0 || request.TopP < 1)) TokenFilter.Apply(distribution, request.TopK, request.TopP);
        var token = request.Temperature > 0 ? distribution.At(rollout.Key.Uniform(rollout.Length)) : distribution.Likeliest();
        return (token, distribution.Logprob(token));
    }
}
