using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;

namespace RftAspire.Engine.Training;

/// <summary>
/// Final norm, output head and log-softmax for the rows that predict something, a chunk of rows at a time, so that logits of a
/// whole batch never exist together.
/// </summary>
internal sealed unsafe class HeadPass : IDisposable
{
    public const int ChunkRows = 128;
    private readonly PackedWeights _weights;
    private readonly ThreadTeam _team;
    private readonly NativeBuffer _rows;
    private readonly ProductBuffer _normed;
    private readonly LinearBackward _linear;
    private readonly NativeBuffer _roots = new(ChunkRows);
    private readonly NativeBuffer _sums = new(ChunkRows);
    private readonly NativeBuffer _logits;
    private readonly NativeBuffer _numerators;
    private readonly NativeBuffer _normedGradient;
    private readonly NativeBuffer _rowsGradient;

    public HeadPass(PackedWeights weights, ThreadTeam team)
    {
        (_weights, _team) = (weights, team);
        var hidden = (long)ChunkRows * weights.Config.HiddenSize;
        (_rows, _normedGradient, _rowsGradient) = (new(hidden), new(hidden), new(hidden));
        _normed = new ProductBuffer(ChunkRows, weights.Config.HiddenSize, weights.Precision);
        _linear = new LinearBackward(ChunkRows, weights.Config.VocabSize, weights.Config.HiddenSize, weights.Precision);
        _logits = new NativeBuffer((long)ChunkRows * weights.Config.VocabSize);
        _numerators = new NativeBuffer((long)ChunkRows * TokenDistribution.RoundUp(weights.Config.VocabSize));
    }

    private int Hidden => _weights.Config.HiddenSize;
    private int Vocabulary => _weights.Config.VocabSize;

    public void Logprobs(PackedBatch batch, NativeBuffer stream, float inverseTemperature, Action<Target, TokenScore> found)
    {
        foreach (var chunk in Chunks(batch.Targets))
        {
            var scores = Score(chunk, stream, inverseTemperature, withEntropy: false);
            for (var i = 0; i < chunk.Targets.Count; i++) found(chunk.Targets[i], scores[i]);
        }
    }

    public void Backward(PackedBatch batch, NativeBuffer stream, float inverseTemperature, ITokenLoss loss, Parameters parameters, TurnedWeights? turned, ParameterVector? gradients,
        NativeBuffer streamGradient)
    {
        foreach (var chunk in Chunks(batch.Targets))
        {
            var scores = Score(chunk, stream, inverseTemperature, withEntropy: true);
            var coefficients = new float[chunk.Targets.Count];
            for (var i = 0; i < coefficients.Length; i++)
            {
                var target = chunk.Targets[i];
                coefficients[i] = loss.Gradient(target.Sequence, target.Position, scores[i]);
            }
            _team.Run(new LogitGradientJob(this, chunk, coefficients, inverseTemperature));
            foreach (var row in Enumerable.Range(0, chunk.Rows.Count).Except(chunk.ChunkRow)) _logits.Span((long)row * Vocabulary, Vocabulary).Clear();
            Propagate(chunk, parameters, turned, gradients, streamGradient);
        }
    }

    public float[] Logits(int rows, NativeBuffer stream)
    {
        var result = new float[(long)rows * Vocabulary];
        for (var first = 0; first < rows; first += ChunkRows)
        {
            var chunk = new Chunk([.. Enumerable.Range(first, Math.Min(ChunkRows, rows - first))], [], []);
            Project(chunk, stream);
            _logits.Span(0, chunk.Rows.Count * Vocabulary).CopyTo(result.AsSpan(first * Vocabulary));
        }
        return result;
    }

    public void Dispose()
    {
        foreach (var buffer in (IDisposable[])[_rows, _normed, _linear, _roots, _sums, _logits, _numerators, _normedGradient, _rowsGradient]) buffer.Dispose();
    }

    /// <summary>Rows of one chunk, the targets they predict, and each target's place in the chunk.</summary>
    private sealed record Chunk(List<int> Rows, List<Target> Targets, List<int> ChunkRow);

    /// <summary>
    /// Rows that predict something. In bf16 an even row and the odd one behind it stay together, whether both predict or not: gradients
    /// are summed over pairs of rows.
    /// </summary>
    private IEnumerable<Chunk> Chunks(Target[] targets)
    {
        var chunk = new Chunk([], [], []);
        var pairs = _weights.Precision == Precision.BF16;
        for (var i = 0; i < targets.Length; i++)
        {
            var row = targets[i].Row;
            if (chunk.Rows.Count == 0 || chunk.Rows[^1] != row)
            {
                if (chunk.Rows.Count == ChunkRows)
                {
                    yield return chunk;
                    chunk = new Chunk([], [], []);
                }
                if (pairs && row % 2 != 0 && (chunk.Rows.Count == 0 || chunk.Rows[^1] != row - 1)) chunk.Rows.Add(row - 1);
                chunk.Rows.Add(row);
            }
            chunk.Targets.Add(targets[i]);
            chunk.ChunkRow.Add(chunk.Rows.Count - 1);
            var nextRow = i + 1 < targets.Length ? targets[i + 1].Row : -1;
            if (pairs && row % 2 == 0 && nextRow != row && nextRow != row + 1) chunk.Rows.Add(row + 1);
        }
        if (chunk.Rows.Count > 0) yield return chunk;
    }

    private TokenScore[] Score(Chunk chunk, NativeBuffer stream, float inverseTemperature, bool withEntropy)
    {
        Project(chunk, stream);
        var scores = new TokenScore[chunk.Targets.Count];
        _team.Run(new ScoreJob(this, chunk, inverseTemperature, withEntropy, scores));
        return scores;
    }

    private void Project(Chunk chunk, NativeBuffer stream)
    {
        for (var i = 0; i < chunk.Rows.Count; i++)
            stream.Span((long)chunk.Rows[i] * Hidden, Hidden).CopyTo(_rows.Span((long)i * Hidden, Hidden));
        _team.Run(new RmsNormJob(chunk.Rows.Count, Hidden, _rows.Start, _weights.FinalNorm, (float)_weights.Config.RmsNormEps, _normed.Rows, _roots.Start));
        _team.Run(new LinearJob(_weights.Head, chunk.Rows.Count, _normed.Rows, _logits.Start));
    }

    /// <summary>From the logits' gradients (in the logits' place) to the stream's, and unless they are frozen to the head's and the final norm's.</summary>
    private void Propagate(Chunk chunk, Parameters parameters, TurnedWeights? turned, ParameterVector? gradients, NativeBuffer streamGradient)
    {
        var (count, layout) = (chunk.Rows.Count, parameters.Layout);
        if (gradients != null) _linear.WeightGradient(count, Vocabulary, Hidden, _logits.Start, _normed.Rows.Values, gradients.At(layout.Head), _team);
        _linear.InputGradient(count, Vocabulary, Hidden, _logits.Start, parameters.At(layout.Head), turned?.Head, _normedGradient.Start, _team);
        if (gradients != null) _team.Run(new RmsNormWeightJob(count, Hidden, _rows.Start, _roots.Start, _normedGradient.Start, gradients.At(layout.FinalNorm)));
        _rowsGradient.Clear();
        _team.Run(new RmsNormBackwardJob(count, Hidden, _rows.Start, _weights.FinalNorm, _roots.Start, _normedGradient.Start, _rowsGradient.Start));
        for (var i = 0; i < count; i++)
            _rowsGradient.Span((long)i * Hidden, Hidden).CopyTo(streamGradient.Span((long)chunk.Rows[i] * Hidden, Hidden));
    }

    private TokenDistribution Distribution(int row, float inverseTemperature) => new(
        _logits.Start + (long)row * Vocabulary, Vocabulary, inverseTemperature, _numerators.Start + (long)row * TokenDistribution.RoundUp(Vocabulary));

    /// <summary>Targets of a row stand together, so a thread's share of the targets is cut at row borders.</summary>
    private static (int From, int To) Share(Chunk chunk, int thread, int threads)
    {
        int Border(int t) => chunk.ChunkRow.FindIndex(row => row >= chunk.Rows.Count * t / threads) is var at and >= 0 ? at : chunk.Targets.Count;
        return (Border(thread), Border(thread + 1));
    }

    private readonly struct ScoreJob(HeadPass head, Chunk chunk, float inverseTemperature, bool withEntropy, TokenScore[] scores) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            var (from, to) = Share(chunk, thread, threads);
            for (var i = from; i < to;)
            {
                var row = chunk.ChunkRow[i];
                var distribution = head.Distribution(row, inverseTemperature);
                head._sums.Start[row] = distribution.Sum;
                var entropy = withEntropy ? distribution.Entropy() : 0;
                for (; i < to && chunk.ChunkRow[i] == row; i++)
                {
                    var token = chunk.Targets[i].Token;
                    scores[i] = new TokenScore(distribution.Logprob(token), entropy, distribution.IsLikeliest(token));
                }
            }
        }
    }

    /// <summary>d loss / d logit_v = sum over the row's targets of c_i ([v = y_i] - p_v) / temperature.</summary>
    private readonly struct LogitGradientJob(HeadPass head, Chunk chunk, float[] coefficients, float inverseTemperature) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            var (from, to) = Share(chunk, thread, threads);
            for (var i = from; i < to;)
            {
                var (row, first) = (chunk.ChunkRow[i], i);
                float total = 0;
                for (; i < to && chunk.ChunkRow[i] == row; i++) total += coefficients[i];
                head.FillGradient(row, -total * inverseTemperature / head._sums.Start[row]);
                var logits = head._logits.Start + (long)row * head.Vocabulary;
                for (var t = first; t < i; t++) logits[chunk.Targets[t].Token] += coefficients[t] * inverseTemperature;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void FillGradient(int row, float factor)
    {
        float* logits = _logits.Start + (long)row * Vocabulary, numerators = _numerators.Start + (long)row * TokenDistribution.RoundUp(Vocabulary);
        var v = 0;
        var scale = Vector512.Create(factor);
        for (; v + 16 <= Vocabulary; v += 16) (Vector512.Load(numerators + v) * scale).Store(logits + v);
        for (; v < Vocabulary; v++) logits[v] = factor * numerators[v];
    }
}
