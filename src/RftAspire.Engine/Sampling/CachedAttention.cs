using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>A run of rows of one group: its prompt while prefilling, one row per active completion while decoding.</summary>
internal readonly record struct GroupRows(PromptGroupState Group, int FirstRow, int Rows);

/// <summary>Attention of the sampler. A unit of work is one group and one key/value head, so threads never share a cache line of output.</summary>
internal sealed unsafe class CachedAttention(ModelConfig config, ThreadTeam team) : IAttention, IDisposable
{
    private const int QueryChunk = 32;
    private NativeBuffer?[] _scores = new NativeBuffer?[team.Threads];
    private List<GroupRows> _groups = [];
    private RolloutState[] _rollouts = [];
    private bool _prefill;

    public void Prefill(List<GroupRows> groups) => Prepare(groups, [], prefill: true);

    /// <param name="groups">Groups with active completions.</param>
    /// <param name="rollouts">The completion of each row.</param>
    public void Decode(List<GroupRows> groups, RolloutState[] rollouts) => Prepare(groups, rollouts, prefill: false);

    public void Attend(int layer, float* queryKeyValue, float* output) => team.Run(new Job(this, layer, queryKeyValue, output));

    public void Dispose()
    {
        foreach (var buffer in _scores) buffer?.Dispose();
        _scores = [];
    }

    private void Prepare(List<GroupRows> groups, RolloutState[] rollouts, bool prefill)
    {
        (_groups, _rollouts, _prefill) = (groups, rollouts, prefill);
        long needed = 0;
        foreach (var rows in groups) needed = Math.Max(needed, (prefill ? QueryChunk : rows.Rows) * ScoresRow(rows.Group));
        for (var t = 0; t < _scores.Length; t++)
        {
            if (_scores[t]?.Length >= needed) continue;
            _scores[t]?.Dispose();
            _scores[t] = new NativeBuffer(needed);
        }
    }

    private static long ScoresRow(PromptGroupState group) => group.Request.Prompt.Length + group.Request.MaxTokens + 32;

    private void AttendPrompt(GroupRows rows, int kvHead, int layer, float* qkv, float* output, float* scores)
    {
        var (cache, width, scoresRow) = (rows.Group.PromptCache, Width, ScoresRow(rows.Group));
        var inverse = stackalloc float[QueryChunk];
        for (var p = 0; p < rows.Rows; p++) WriteCache(cache, layer, kvHead, p, qkv + (long)(rows.FirstRow + p) * width);
        for (var head = kvHead * HeadsPerKv; head < (kvHead + 1) * HeadsPerKv; head++)
        {
            for (var first = 0; first < rows.Rows; first += QueryChunk)
            {
                var count = Math.Min(QueryChunk, rows.Rows - first);
                var keys = cache.Span(layer, kvHead, first + count);
                float* q = qkv + (long)(rows.FirstRow + first) * width + head * config.HeadDim, o = Output(output, rows.FirstRow + first, head);
                AttentionKernel.Score(count, config.HeadDim, q, width, keys, scores, scoresRow);
                for (var r = 0; r < count; r++) inverse[r] = AttentionKernel.Softmax(scores + r * scoresRow, first + r + 1, keys.Count, Scale);
                AttentionKernel.Mix(count, config.HeadDim, scores, scoresRow, keys, o, OutputWidth, accumulate: false);
                for (var r = 0; r < count; r++) VectorMath.Scale(o + (long)r * OutputWidth, inverse[r], config.HeadDim);
            }
        }
    }

    private void AttendCompletions(GroupRows rows, int kvHead, int layer, float* qkv, float* output, float* scores)
    {
        var (width, scoresRow, promptLength) = (Width, ScoresRow(rows.Group), rows.Group.Request.Prompt.Length);
        var prompt = rows.Group.PromptCache.Span(layer, kvHead, promptLength);
        for (var r = 0; r < rows.Rows; r++)
        {
            var rollout = _rollouts[rows.FirstRow + r];
            WriteCache(rollout.Cache, layer, kvHead, rollout.Length - 1, qkv + (long)(rows.FirstRow + r) * width);
        }
        for (var head = kvHead * HeadsPerKv; head < (kvHead + 1) * HeadsPerKv; head++)
        {
            float* q = qkv + (long)rows.FirstRow * width + head * config.HeadDim, o = Output(output, rows.FirstRow, head);
            AttentionKernel.Score(rows.Rows, config.HeadDim, q, width, prompt, scores, scoresRow);
            for (var r = 0; r < rows.Rows; r++)
            {
                var own = OwnKeys(rows, r, layer, kvHead);
                AttentionKernel.Score(1, config.HeadDim, q + (long)r * width, width, own, scores + r * scoresRow + promptLength, scoresRow);
            }
            FinishCompletions(rows, kvHead, layer, prompt, scores, scoresRow, o);
        }
    }

    private void FinishCompletions(GroupRows rows, int kvHead, int layer, KeySpan prompt, float* scores, long scoresRow, float* o)
    {
        var inverse = stackalloc float[rows.Rows];
        for (var r = 0; r < rows.Rows; r++)
        {
            var visible = prompt.Count + OwnKeys(rows, r, layer, kvHead).Count;
            inverse[r] = AttentionKernel.Softmax(scores + r * scoresRow, visible, visible, Scale);
        }
        AttentionKernel.Mix(rows.Rows, config.HeadDim, scores, scoresRow, prompt, o, OutputWidth, accumulate: false);
        for (var r = 0; r < rows.Rows; r++)
        {
            var target = o + (long)r * OutputWidth;
            AttentionKernel.Mix(1, config.HeadDim, scores + r * scoresRow + prompt.Count, scoresRow, OwnKeys(rows, r, layer, kvHead), target, OutputWidth, accumulate: true);
            VectorMath.Scale(target, inverse[r], config.HeadDim);
        }
    }

    private KeySpan OwnKeys(GroupRows rows, int row, int layer, int kvHead)
    {
        var rollout = _rollouts[rows.FirstRow + row];
        return rollout.Cache.Span(layer, kvHead, rollout.Length);
    }

    private void WriteCache(KeyValueCache cache, int layer, int kvHead, int position, float* row)
    {
        var key = row + (config.Heads + kvHead) * config.HeadDim;
        cache.Write(layer, kvHead, position, key, key + config.KvHeads * config.HeadDim);
    }

    private float* Output(float* output, int row, int head) => output + (long)row * OutputWidth + head * config.HeadDim;

    private int KvHeads => config.KvHeads;
    private int HeadsPerKv => config.Heads / config.KvHeads;
    private long Width => (config.Heads + 2L * config.KvHeads) * config.HeadDim;
    private long OutputWidth => (long)config.Heads * config.HeadDim;
    private float Scale => 1 / MathF.Sqrt(config.HeadDim);

    private readonly struct Job(CachedAttention attention, int layer, float* qkv, float* output) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            var kvHeads = attention.KvHeads;
            var units = attention._groups.Count * kvHeads;
            var scores = attention._scores[thread]!.Start;
            for (var unit = units * thread / threads; unit < units * (thread + 1) / threads; unit++)
            {
                var rows = attention._groups[unit / kvHeads];
                if (attention._prefill) attention.AttendPrompt(rows, unit % kvHeads, layer, qkv, output, scores);
                else attention.AttendCompletions(rows, unit % kvHeads, layer, qkv, output, scores);
            }
        }
    }
}
