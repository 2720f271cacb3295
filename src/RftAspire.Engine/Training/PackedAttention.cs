using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Training;

/// <summary>
/// Attention over packed rows, forward and backward. A unit of work is one group and one key/value head; everything it writes
/// belongs to it alone, and it sums over heads, segments and rows in a fixed order.
/// </summary>
internal sealed unsafe class PackedAttention(ModelConfig config, ThreadTeam team) : IAttention, IDisposable
{
    private const int QueryChunk = 32;
    private readonly NativeBuffer?[] _scratch = new NativeBuffer?[team.Threads];
    private PackedBatch? _batch;
    private int _stride;

    /// <summary>Sets the rows that the following calls are about.</summary>
    public void Begin(PackedBatch batch)
    {
        _batch = batch;
        _stride = batch.Groups.Max(group => group.Rows) + 2 * MatrixKernel.StripColumns;
        var needed = (2L * config.HeadDim + 2L * QueryChunk) * _stride;
        for (var t = 0; t < _scratch.Length; t++)
        {
            if (_scratch[t]?.Length >= needed) continue;
            _scratch[t]?.Dispose();
            _scratch[t] = new NativeBuffer(needed);
        }
    }

    /// <summary>Keys and values stay in the rows.</summary>
    public void KeepKey(int layer, int row, int kvHead, float* key)
    {
    }

    public void KeepValue(int layer, int row, int kvHead, float* value)
    {
    }

    public void Attend(int layer, float* queryKeyValue, float* output) => team.Run(new ForwardJob(this, queryKeyValue, output));

    /// <summary>Given d loss / d output, writes d loss / d (query, key, value) after rotation.</summary>
    public void Backward(float* queryKeyValue, float* output, float* outputGradient, float* queryKeyValueGradient) =>
        team.Run(new BackwardJob(this, queryKeyValue, output, outputGradient, queryKeyValueGradient));

    public void Dispose()
    {
        foreach (var buffer in _scratch) buffer?.Dispose();
    }

    private int HeadDim => config.HeadDim;
    private int HeadsPerKv => config.Heads / config.KvHeads;
    private long Width => (config.Heads + 2L * config.KvHeads) * config.HeadDim;
    private long OutputWidth => (long)config.Heads * config.HeadDim;
    private float Scale => 1 / MathF.Sqrt(config.HeadDim);
    private long KeyColumn(int kvHead) => (long)(config.Heads + kvHead) * HeadDim;
    private long ValueColumn(int kvHead) => (long)(config.Heads + config.KvHeads + kvHead) * HeadDim;

    /// <summary>Element (row, d) of one head's columns at <c>target[d * stride + row]</c>.</summary>
    private void Transpose(float* rows, int count, float* target) => VectorMath.Transpose(rows, Width, count, HeadDim, target, _stride);

    /// <summary>Rows of a group that queries attend to, from <paramref name="Row"/> on; their scores begin at the column that is their position.</summary>
    private readonly record struct KeyRows(int Row, int Position, int Count);

    /// <summary>
    /// What <paramref name="count"/> queries from <paramref name="first"/> see: of the prompt, and of their own segment. Where a
    /// window hides the beginning, the first part's position is still a multiple of 16, so that lanes of sums are as in the cache.
    /// </summary>
    private (KeyRows Prompt, KeyRows Own) Visible(Segment segment, int first, int count)
    {
        var begin = config.FirstVisible(segment.Prefix + first) / MatrixKernel.StripColumns * MatrixKernel.StripColumns;
        int prompt = Math.Max(0, segment.Prefix - begin), hidden = Math.Max(0, begin - segment.Prefix);
        return (new KeyRows(begin, begin, prompt), new KeyRows(segment.Offset + hidden, segment.Prefix + hidden, first + count - hidden));
    }

    /// <summary>Softmax numerators of the queries whose first is at <paramref name="position"/>; writes the reciprocal sums.</summary>
    private void Weights(KeyRows prompt, KeyRows own, int position, int count, float* q, float* keys, float* scores, float* inverse)
    {
        foreach (var part in (ReadOnlySpan<KeyRows>)[prompt, own])
            AttentionKernel.Score(count, HeadDim, q, Width, new KeySpan(keys + part.Row, _stride, null, 0, part.Count), scores + part.Position, _stride);
        for (var r = 0; r < count; r++)
        {
            int begin = prompt.Position, first = config.FirstVisible(position + r);
            inverse[r] = AttentionKernel.Softmax(scores + (long)r * _stride + begin, first - begin, position + r + 1 - begin, own.Position + own.Count - begin, Scale);
        }
    }

    private void Forward(PackedGroup group, int kvHead, float* qkv, float* output, float* scratch)
    {
        var rows = qkv + group.FirstRow * Width;
        float* keys = scratch, scores = scratch + 2L * HeadDim * _stride, values = rows + ValueColumn(kvHead);
        var inverse = stackalloc float[QueryChunk];
        Transpose(rows + KeyColumn(kvHead), group.Rows, keys);
        foreach (var segment in group.Segments)
        {
            for (var head = kvHead * HeadsPerKv; head < (kvHead + 1) * HeadsPerKv; head++)
            {
                for (var first = 0; first < segment.Rows; first += QueryChunk)
                {
                    var count = Math.Min(QueryChunk, segment.Rows - first);
                    var row = segment.Offset + first;
                    var (prompt, own) = Visible(segment, first, count);
                    Weights(prompt, own, segment.Prefix + first, count, rows + row * Width + head * HeadDim, keys, scores, inverse);
                    var target = output + (group.FirstRow + row) * OutputWidth + head * HeadDim;
                    AttentionKernel.Mix(count, HeadDim, scores + prompt.Position, _stride,
                        new KeySpan(null, 0, values + prompt.Row * Width, Width, prompt.Count), target, OutputWidth, accumulate: false);
                    AttentionKernel.Mix(count, HeadDim, scores + own.Position, _stride,
                        new KeySpan(null, 0, values + own.Row * Width, Width, own.Count), target, OutputWidth, accumulate: true);
                    for (var r = 0; r < count; r++) VectorMath.Scale(target + r * OutputWidth, inverse[r], HeadDim);
                }
            }
        }
    }

    private void Backward(PackedGroup group, int kvHead, BackwardJob job, float* scratch)
    {
        float* rows = job.QueryKeyValue + group.FirstRow * Width, gradients = job.QueryKeyValueGradient + group.FirstRow * Width;
        float* keys = scratch, values = scratch + (long)HeadDim * _stride, scores = scratch + 2L * HeadDim * _stride;
        Transpose(rows + KeyColumn(kvHead), group.Rows, keys);
        Transpose(rows + ValueColumn(kvHead), group.Rows, values);
        for (var r = 0; r < group.Rows; r++)
        {
            new Span<float>(gradients + r * Width + KeyColumn(kvHead), HeadDim).Clear();
            new Span<float>(gradients + r * Width + ValueColumn(kvHead), HeadDim).Clear();
        }
        foreach (var segment in group.Segments)
        {
            for (var head = kvHead * HeadsPerKv; head < (kvHead + 1) * HeadsPerKv; head++)
            {
                for (var first = 0; first < segment.Rows; first += QueryChunk)
                    BackwardChunk(group, segment, kvHead, head, first, Math.Min(QueryChunk, segment.Rows - first), job, rows, gradients, keys, values, scores);
            }
        }
    }

    /// <summary>
    /// With P the softmax and G the output's gradient: dV = Pᵀ G, dP = G Vᵀ, dS = P (dP - rowsum(G O)) / sqrt(headDim),
    /// dQ = dS K, dK = dSᵀ Q.
    /// </summary>
    private void BackwardChunk(PackedGroup group, Segment segment, int kvHead, int head, int first, int count, BackwardJob job,
        float* rows, float* gradients, float* keys, float* values, float* scores)
    {
        var row = segment.Offset + first;
        float* q = rows + row * Width + head * HeadDim, queryGradient = gradients + row * Width + head * HeadDim;
        var outputAt = (group.FirstRow + row) * OutputWidth + head * HeadDim;
        float* output = job.Output + outputAt, outputGradient = job.OutputGradient + outputAt;
        var weightGradients = scores + (long)QueryChunk * _stride;
        var inverse = stackalloc float[QueryChunk];
        var (prompt, own) = Visible(segment, first, count);
        int begin = prompt.Position, length = own.Position + own.Count - begin;
        Weights(prompt, own, segment.Prefix + first, count, q, keys, scores, inverse);
        for (var r = 0; r < count; r++) VectorMath.Scale(scores + (long)r * _stride + begin, inverse[r], length);

        foreach (var part in (ReadOnlySpan<KeyRows>)[prompt, own])
        {
            float* p = scores + part.Position, dp = weightGradients + part.Position;
            MatrixKernel.Multiply(part.Count, HeadDim, count, p, 1, _stride, outputGradient, OutputWidth, gradients + part.Row * Width + ValueColumn(kvHead), Width, accumulate: true);
            MatrixKernel.Multiply(count, part.Count, HeadDim, outputGradient, OutputWidth, 1, values + part.Row, _stride, dp, _stride, accumulate: false);
        }
        for (var r = 0; r < count; r++)
        {
            var shared = VectorMath.Dot(outputGradient + r * OutputWidth, output + r * OutputWidth, HeadDim);
            SoftmaxGradient(scores + (long)r * _stride + begin, weightGradients + (long)r * _stride + begin, length, shared, Scale);
        }
        foreach (var part in (ReadOnlySpan<KeyRows>)[prompt, own])
        {
            var ds = weightGradients + part.Position;
            MatrixKernel.Multiply(count, HeadDim, part.Count, ds, _stride, 1, rows + part.Row * Width + KeyColumn(kvHead), Width, queryGradient, Width, accumulate: part == own);
            MatrixKernel.Multiply(part.Count, HeadDim, count, ds, 1, _stride, q, Width, gradients + part.Row * Width + KeyColumn(kvHead), Width, accumulate: true);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SoftmaxGradient(float* weights, float* gradients, int count, float shared, float scale)
    {
        var i = 0;
        Vector512<float> less = Vector512.Create(shared), factor = Vector512.Create(scale);
        for (; i + 16 <= count; i += 16)
            (Vector512.Load(weights + i) * (Vector512.Load(gradients + i) - less) * factor).Store(gradients + i);
        for (; i < count; i++) gradients[i] = weights[i] * (gradients[i] - shared) * scale;
    }

    private readonly struct ForwardJob(PackedAttention attention, float* qkv, float* output) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            foreach (var (group, kvHead) in attention.Share(thread, threads))
                attention.Forward(group, kvHead, qkv, output, attention._scratch[thread]!.Start);
        }
    }

    private readonly struct BackwardJob(PackedAttention attention, float* qkv, float* output, float* outputGradient, float* qkvGradient) : IParallelJob
    {
        public float* QueryKeyValue => qkv;
        public float* Output => output;
        public float* OutputGradient => outputGradient;
        public float* QueryKeyValueGradient => qkvGradient;

        public void Execute(int thread, int threads)
        {
            foreach (var (group, kvHead) in attention.Share(thread, threads))
                attention.Backward(group, kvHead, this, attention._scratch[thread]!.Start);
        }
    }

    private IEnumerable<(PackedGroup Group, int KvHead)> Share(int thread, int threads)
    {
        var units = _batch!.Groups.Count * config.KvHeads;
        for (var unit = units * thread / threads; unit < units * (thread + 1) / threads; unit++)
            yield return (_batch.Groups[unit / config.KvHeads], unit % config.KvHeads);
    }
}
