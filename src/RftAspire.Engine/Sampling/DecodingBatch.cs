using RftAspire.Engine.Constraints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A request and what to do about its end.</summary>
/// <param name="Request">What to draw.</param>
/// <param name="Done">Takes the completions once all have ended.</param>
/// <param name="Failed">Called in its place when the request's constraint gives up; a request with a constraint needs it.</param>
/// <param name="Drawn">Told each token as it is drawn; true ends that completion with it.</param>
/// <param name="Cancellation">Once cancelled, the request leaves before the next step and nobody is told.</param>
public readonly record struct BatchEntry(
    SampleRequest Request,
    Action<IReadOnlyList<Completion>> Done,
    Action<SchemaException>? Failed = null,
    Func<DrawnToken, bool>? Drawn = null,
    CancellationToken Cancellation = default);

/// <summary>
/// Continuous batching: groups join at any time, every <see cref="Step"/> draws one token for each active completion, and
/// finished ones leave at once. What a completion holds does not depend on who else is in the batch; nor does a group that fails,
/// because its schema proves too ambiguous, touch the others.
/// </summary>
public sealed unsafe class DecodingBatch : IDisposable
{
    /// <summary>Bytes for keys and values unless told otherwise: 1 GiB.</summary>
    public const long DefaultCacheBytes = 1L << 30;
    private const int PrefillRows = 1024;
    private readonly PackedWeights _weights;
    private readonly ThreadTeam _team;
    private readonly CacheBudget _cache;
    private readonly CachedAttention _attention;
    private readonly TokenDraw _draw;
    private readonly List<RolloutState> _active = [];
    private readonly List<RolloutState> _drawing = [];
    private LayerScratch? _scratch;
    private LayerActivations? _activations;
    private NativeBuffer? _stream;
    private int[] _positions = [];
    private int[] _tokens = [];

    internal DecodingBatch(PackedWeights weights, ThreadTeam team, long cacheBytes = DefaultCacheBytes)
    {
        (_weights, _team) = (weights, team);
        _cache = new CacheBudget(weights.Config, weights.Precision, cacheBytes);
        _attention = new CachedAttention(weights.Config, _cache.Blocks, team);
        _draw = new TokenDraw(weights, team);
    }

    /// <summary>Completions being decoded.</summary>
    public int Active => _active.Count;
    /// <summary>Tokens drawn since the batch was made.</summary>
    public long TokensSampled { get; private set; }
    /// <summary>Prompt positions computed since the batch was made; those found in the cache are not among them.</summary>
    public long PromptTokensComputed { get; private set; }

    /// <summary>Refuses what could not be admitted to an empty batch.</summary>
    /// <exception cref="ArgumentException">The request does not fit the model, or is over the cache by itself.</exception>
    public void Check(SampleRequest request)
    {
        request.Check(_weights.Config);
        _cache.Check(request);
    }

    /// <summary>How long completions of one prompt may be for so many of them to have room in the whole cache; 0 for none.</summary>
    public int MostTokens(int promptTokens, int count) => _cache.MostTokens(promptTokens, count);

    /// <summary>
    /// Processes prompts, draws every completion's first token, and adds the unfinished ones to the batch: of the entries in order
    /// as many as the cache has room for. Returns their number; the rest may be tried again when completions have ended.
    /// </summary>
    /// <exception cref="ArgumentException">A request fits neither the model nor the whole cache; nothing was admitted.</exception>
    public int Admit(IReadOnlyList<BatchEntry> entries)
    {
        foreach (var entry in entries)
        {
            Check(entry.Request);
            if (entry.Request.Constraint is not null && entry.Failed is null)
                throw new ArgumentException("a request with a constraint may fail while it is decoded: the entry must say whom to tell");
        }
        var groups = new List<PromptGroupState>();
        while (groups.Count < entries.Count && entries[groups.Count] is var entry && _cache.Fits(entry.Request))
            groups.Add(new PromptGroupState(_cache, entry));
        Prefill(groups);
        return groups.Count;
    }

    /// <summary>Draws the next token of every active completion; false when there is none.</summary>
    public bool Step()
    {
        DropCancelled();
        if (_active.Count == 0) return false;
        Begin(_active.Count);
        for (var row = 0; row < _active.Count; row++)
        {
            (_positions[row], _tokens[row]) = (_active[row].Position, _active[row].LastToken);
            _attention.AddCompletion(_active[row]);
            _draw.Add(row, _active[row]);
        }
        Run(_active.Count);
        _active.RemoveAll(static rollout => rollout.Finished);
        return true;
    }

    private void DropCancelled()
    {
        if (!_active.Exists(static rollout => rollout.Group.IsCancelled)) return;
        foreach (var rollout in _active)
        {
            if (rollout.Group.IsCancelled && !rollout.Finished) rollout.Group.Leave();
        }
        _active.RemoveAll(static rollout => rollout.Finished);
    }

    public void Dispose()
    {
        Release();
        _draw.Dispose();
        _attention.Dispose();
        _cache.Dispose();
    }

    /// <summary>Prompts in pieces of at most <see cref="PrefillRows"/> rows, which may cut a long one.</summary>
    private void Prefill(List<PromptGroupState> groups)
    {
        var rows = 0;
        foreach (var group in groups)
        {
            for (var position = group.Computed; position < group.Request.Prompt.Length;)
            {
                if (rows == 0) Begin(PrefillRows);
                var count = Math.Min(PrefillRows - rows, group.Request.Prompt.Length - position);
                AddPrompt(group, position, count, rows);
                (rows, position) = (rows + count, position + count);
                if (rows == PrefillRows) RunPrefill(ref rows);
            }
        }
        if (rows > 0) RunPrefill(ref rows);
    }

    private void AddPrompt(PromptGroupState group, int position, int count, int row)
    {
        var prompt = group.Request.Prompt;
        for (var i = 0; i < count; i++) (_positions[row + i], _tokens[row + i]) = (position + i, prompt[position + i]);
        _attention.AddPrompt(group, position, count);
        if (position + count < prompt.Length) return;
        foreach (var rollout in group.Rollouts) _draw.Add(row + count - 1, rollout);
        _drawing.AddRange(group.Rollouts);
    }

    private void RunPrefill(ref int rows)
    {
        Run(rows);
        PromptTokensComputed += rows;
        foreach (var rollout in _drawing)
        {
            if (!rollout.Finished) _active.Add(rollout);
        }
        _drawing.Clear();
        rows = 0;
    }

    private void Begin(int rows)
    {
        _attention.Clear();
        _draw.Clear();
        if (rows <= _positions.Length) return;
        Release();
        _scratch = new LayerScratch(_weights.Config, rows, _weights.Precision, _weights.Adapter?.Columns ?? 0);
        _activations = new LayerActivations(_weights.Config, rows, _scratch, forBackward: false);
        _stream = new NativeBuffer((long)rows * _weights.Config.HiddenSize);
        (_positions, _tokens) = (new int[rows], new int[rows]);
    }

    private void Run(int rows)
    {
        _attention.Begin();
        var stream = _stream!.Start;
        fixed (int* positions = _positions, tokens = _tokens)
        {
            _team.RunRows(rows, new EmbeddingJob(_weights, rows, tokens, stream));
            for (var i = 0; i < _weights.Layers.Length; i++)
                TransformerLayer.Forward(_weights, i, _activations!, rows, positions, _attention, stream, stream, _team);
        }
        TokensSampled += _draw.Run(stream);
    }

    private void Release()
    {
        _scratch?.Dispose();
        _activations?.Dispose();
        _stream?.Dispose();
    }
}
