using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A run of rows of one group: positions of its prompt, or completions that each have one row.</summary>
/// <param name="Group">The group.</param>
/// <param name="FirstRow">Row of the first.</param>
/// <param name="Rows">Number of rows.</param>
/// <param name="FirstPosition">Position of the first row while the prompt is processed.</param>
internal readonly record struct GroupRows(PromptGroupState Group, int FirstRow, int Rows, int FirstPosition);

/// <summary>
/// Attention of the sampler. A unit of work is a few rows of one group in one key/value head; threads take the next unit when they
/// are free, and what a unit writes does not depend on who does it.
/// </summary>
internal sealed unsafe class CachedAttention(ModelConfig config, KeyValueBlocks blocks, ThreadTeam team) : IAttention, IDisposable
{
    private const int PromptChunk = 32, CompletionChunk = 16;
    private readonly NativeBuffer?[] _scores = new NativeBuffer?[team.Threads];
    private readonly List<GroupRows> _units = [];
    private readonly List<(int Block, int Slot)> _rows = [];
    private readonly List<RolloutState?> _rollouts = [];
    private readonly int _headsPerKv = config.Heads / config.KvHeads;
    private readonly float _scale = 1 / MathF.Sqrt(config.HeadDim);
    private bool _prompts;
    private int _stride;
    private int _longest;
    private int _nextUnit;

    private int HeadDim => config.HeadDim;
    private long Width => (config.Heads + 2L * config.KvHeads) * HeadDim;
    private long OutputWidth => (long)config.Heads * HeadDim;

    /// <summary>Forgets the rows of the last pass.</summary>
    public void Clear()
    {
        _units.Clear();
        _rows.Clear();
        _rollouts.Clear();
        (_prompts, _stride, _longest) = (false, 0, 0);
    }

    /// <summary>Adds rows for positions of a prompt.</summary>
    public void AddPrompt(PromptGroupState group, int firstPosition, int count)
    {
        var firstRow = _rows.Count;
        _prompts = true;
        for (var p = firstPosition; p < firstPosition + count; p++)
        {
            _rows.Add((group.PromptBlocks[p / KeyValueBlocks.Positions], p % KeyValueBlocks.Positions));
            _rollouts.Add(null);
        }
        for (var first = 0; first < count; first += PromptChunk)
            _units.Add(new GroupRows(group, firstRow + first, Math.Min(PromptChunk, count - first), firstPosition + first));
        (_stride, _longest) = (Math.Max(_stride, firstPosition + count), Math.Max(_longest, group.Longest));
    }

    /// <summary>Adds a row for the last token of a completion; completions of a group follow each other.</summary>
    public void AddCompletion(RolloutState rollout)
    {
        var row = _rows.Count;
        _rows.Add((rollout.LastBlock(), (rollout.Length - 1) % KeyValueBlocks.Positions));
        _rollouts.Add(rollout);
        (_stride, _longest) = (Math.Max(_stride, rollout.Position + 1), Math.Max(_longest, rollout.Group.Longest));
        if (_units.Count > 0 && _units[^1] is var last && last.Group == rollout.Group && last.Rows < CompletionChunk) _units[^1] = last with { Rows = last.Rows + 1 };
        else _units.Add(new GroupRows(rollout.Group, row, 1, -1));
    }

    /// <summary>Makes room for the rows that were added.</summary>
    public void Begin()
    {
        // Scores are written in whole strips.
        const int slack = 2 * KeyValueBlocks.Positions;
        _stride += slack;
        // Completions grow: room for the longest spares a new buffer at some token.
        var needed = (long)Math.Max(PromptChunk, CompletionChunk * _headsPerKv) * (_longest + slack);
        for (var t = 0; t < _scores.Length; t++)
        {
            if (_scores[t]?.Length >= needed) continue;
            _scores[t]?.Dispose();
            _scores[t] = new NativeBuffer(needed);
        }
    }

    public void KeepKey(int layer, int row, int kvHead, float* key)
    {
        var (block, slot) = _rows[row];
        blocks.WriteKey(block, slot, layer, kvHead, key);
    }

    public void KeepValue(int layer, int row, int kvHead, float* value)
    {
        var (block, slot) = _rows[row];
        blocks.WriteValue(block, slot, layer, kvHead, value);
    }

    public void Attend(int layer, float* queryKeyValue, float* output)
    {
        _nextUnit = 0;
        team.Run(new Job(this, layer, queryKeyValue, output));
    }

    public void Dispose()
    {
        foreach (var buffer in _scores) buffer?.Dispose();
    }

    private void AttendPrompt(GroupRows rows, int kvHead, int layer, float* qkv, float* output, float* scores)
    {
        var inverse = stackalloc float[PromptChunk];
        int seen = rows.FirstPosition + rows.Rows, begin = BlockStart(config.FirstVisible(rows.FirstPosition));
        var run = new Run(rows.Group.PromptBlocks, begin, seen, layer, kvHead);
        for (var head = kvHead * _headsPerKv; head < (kvHead + 1) * _headsPerKv; head++)
        {
            float* q = qkv + rows.FirstRow * Width + head * HeadDim, o = output + rows.FirstRow * OutputWidth + head * HeadDim;
            Score(run, rows.Rows, q, Width, scores, _stride);
            for (var r = 0; r < rows.Rows; r++) inverse[r] = Softmax(scores + (long)r * _stride, begin, rows.FirstPosition + r, seen);
            Mix(run, rows.Rows, scores, _stride, o, OutputWidth, accumulate: false);
            for (var r = 0; r < rows.Rows; r++) VectorMath.Scale(o + r * OutputWidth, inverse[r], HeadDim);
        }
    }

    /// <summary>
    /// The prompt's keys are multiplied with all rows of the unit at once, a completion's own with its heads at once. Completions
    /// of a group start together and draw in step, so all rows see the same positions.
    /// </summary>
    private void AttendCompletions(GroupRows rows, int kvHead, int layer, float* qkv, float* output, float* scores)
    {
        var (heads, prompt, position) = (_headsPerKv, rows.Group.Request.Prompt.Length, _rollouts[rows.FirstRow]!.Position);
        int visible = config.FirstVisible(position), begin = BlockStart(visible), ownBegin = BlockStart(Math.Max(0, visible - prompt));
        // Blocks of the completion begin anywhere, a row of the softmax at the start of a strip.
        var rowBegin = Math.Min(begin, BlockStart(prompt + ownBegin));
        float* q = qkv + rows.FirstRow * Width + (long)kvHead * heads * HeadDim, o = output + rows.FirstRow * OutputWidth + (long)kvHead * heads * HeadDim;
        var shared = new Run(rows.Group.PromptBlocks, begin, prompt, layer, kvHead);
        // Scores of row r and head h lie at (r * heads + h) * stride, whichever of the two the products run over.
        if (rows.Rows == 1) Score(shared, heads, q, HeadDim, scores, _stride);
        for (var head = 0; head < heads && rows.Rows > 1; head++) Score(shared, rows.Rows, q + head * HeadDim, Width, scores + head * _stride, heads * _stride);
        var inverse = stackalloc float[CompletionChunk * heads];
        for (var r = 0; r < rows.Rows; r++)
        {
            var own = scores + (long)r * heads * _stride;
            Score(Own(rows, r, ownBegin, layer, kvHead), heads, q + r * Width, HeadDim, own + prompt, _stride);
            for (var h = 0; h < heads; h++) inverse[r * heads + h] = Softmax(own + (long)h * _stride, rowBegin, position, position + 1);
        }
        if (rows.Rows == 1) Mix(shared, heads, scores, _stride, o, HeadDim, accumulate: false);
        for (var head = 0; head < heads && rows.Rows > 1; head++)
            Mix(shared, rows.Rows, scores + head * _stride, heads * _stride, o + head * HeadDim, OutputWidth, accumulate: false);
        for (var r = 0; r < rows.Rows; r++)
        {
            Mix(Own(rows, r, ownBegin, layer, kvHead), heads, scores + (long)r * heads * _stride + prompt, _stride, o + r * OutputWidth, HeadDim,
                accumulate: begin < prompt);
            for (var h = 0; h < heads; h++) VectorMath.Scale(o + r * OutputWidth + h * HeadDim, inverse[r * heads + h], HeadDim);
        }
    }

    /// <summary>Positions of one head in one layer, from a block's start to <paramref name="End"/>.</summary>
    private readonly record struct Run(int[] Blocks, int Begin, int End, int Layer, int KvHead);

    private Run Own(GroupRows rows, int row, int begin, int layer, int kvHead)
    {
        var rollout = _rollouts[rows.FirstRow + row]!;
        return new Run(rollout.Blocks, begin, rollout.Length, layer, kvHead);
    }

    /// <summary>Blocks before this one hold nothing that is seen.</summary>
    private static int BlockStart(int position) => position / KeyValueBlocks.Positions * KeyValueBlocks.Positions;

    /// <summary>Of the scores from <paramref name="begin"/>, a strip's start, the numerators of what the query at a position sees.</summary>
    private float Softmax(float* scores, int begin, int position, int total) =>
        AttentionKernel.Softmax(scores + begin, config.FirstVisible(position) - begin, position + 1 - begin, total - begin, _scale);

    /// <summary>scores[r, p] = q_r · k_p; what follows the last position up to a strip's end is overwritten.</summary>
    private void Score(Run run, int rows, float* q, long qRow, float* scores, long scoresRow)
    {
        for (var first = run.Begin; first < run.End; first += KeyValueBlocks.Positions)
            blocks.Score(run.Blocks[first / KeyValueBlocks.Positions], run.Layer, run.KvHead, rows, q, qRow, scores + first, scoresRow);
    }

    /// <summary>output_r (+)= sum over those p of weights[r, p] v_p, positions in ascending order.</summary>
    private void Mix(Run run, int rows, float* weights, long weightsRow, float* output, long outputRow, bool accumulate)
    {
        for (var first = run.Begin; first < run.End; first += KeyValueBlocks.Positions)
        {
            blocks.Mix(run.Blocks[first / KeyValueBlocks.Positions], run.Layer, run.KvHead, Math.Min(KeyValueBlocks.Positions, run.End - first),
                rows, weights + first, weightsRow, output, outputRow, accumulate || first > run.Begin);
        }
    }

    private readonly struct Job(CachedAttention attention, int layer, float* qkv, float* output) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            var units = attention._units.Count * attention.KvHeads;
            var scores = attention._scores[thread]!.Start;
            if (attention._prompts)
            {
                // Later positions see more: whoever is free takes the next unit.
                for (int unit; (unit = Interlocked.Increment(ref attention._nextUnit) - 1) < units;)
                    attention.AttendPrompt(attention._units[unit / attention.KvHeads], unit % attention.KvHeads, layer, qkv, output, scores);
                return;
            }
            // Heads of a block lie next to each other: in this order memory is read ahead of its use.
            for (var unit = units * thread / threads; unit < units * (thread + 1) / threads; unit++)
                attention.AttendCompletions(attention._units[unit / attention.KvHeads], unit % attention.KvHeads, layer, qkv, output, scores);
        }
    }

    private int KvHeads => config.KvHeads;
}
