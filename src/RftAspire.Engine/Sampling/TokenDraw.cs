using RftAspire.Engine.Constraints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Sampling;

/// <summary>From the residual stream to drawn tokens: final norm, head, softmax and draw for the rows that somebody waits for.</summary>
internal sealed unsafe class TokenDraw : IDisposable
{
    private readonly PackedWeights _weights;
    private readonly ThreadTeam _team;
    private readonly NativeBuffer[] _numerators;
    private readonly TokenFilter[] _filters;
    private readonly List<int> _rows = [];
    private readonly List<(RolloutState Rollout, int Logits)> _draws = [];
    private Drawn[] _drawn = [];
    private ProductBuffer? _normed;
    private int _rowCapacity;
    private NativeBuffer? _logits;

    /// <summary>A token, or why there is none.</summary>
    private readonly record struct Drawn(int Token, float Logprob, SchemaException? Error);

    public TokenDraw(PackedWeights weights, ThreadTeam team)
    {
        (_weights, _team) = (weights, team);
        _numerators = new NativeBuffer[team.Threads];
        _filters = new TokenFilter[team.Threads];
        for (var t = 0; t < team.Threads; t++)
        {
            _numerators[t] = new NativeBuffer(TokenDistribution.RoundUp(weights.Config.VocabSize));
            _filters[t] = new TokenFilter(weights.Config.VocabSize);
        }
    }

    private int Vocabulary => _weights.Config.VocabSize;

    public void Clear()
    {
        _rows.Clear();
        _draws.Clear();
    }

    /// <summary>Wants the next token of a completion from a row; those of one row follow each other.</summary>
    public void Add(int row, RolloutState rollout)
    {
        if (_rows.Count == 0 || _rows[^1] != row) _rows.Add(row);
        _draws.Add((rollout, _rows.Count - 1));
    }

    /// <summary>Draws and appends the tokens; returns their number.</summary>
    public int Run(float* stream)
    {
        if (_draws.Count == 0) return 0;
        Reserve();
        _team.RunRows(_rows.Count, new FinalNormJob(this, stream));
        _team.Run(new LinearJob(_weights.Head, _rows.Count, _normed!.Rows, _logits!.Start));
        _team.RunRows(_draws.Count, new DrawJob(this));
        var appended = 0;
        for (var i = 0; i < _draws.Count; i++)
        {
            if (TryAppend(_draws[i].Rollout, _drawn[i])) appended++;
        }
        return appended;
    }

    public void Dispose()
    {
        foreach (var buffer in _numerators) buffer.Dispose();
        _normed?.Dispose();
        _logits?.Dispose();
    }

    private void Reserve()
    {
        if (_drawn.Length < _draws.Count) _drawn = new Drawn[_draws.Count];
        if (_rows.Count <= _rowCapacity) return;
        _normed?.Dispose();
        _logits?.Dispose();
        _rowCapacity = _rows.Count;
        _normed = new ProductBuffer(_rowCapacity, _weights.Config.HiddenSize, _weights.Precision);
        _logits = new NativeBuffer((long)_rows.Count * Vocabulary);
    }

    /// <summary>False when the completion's group has failed or now does.</summary>
    private static bool TryAppend(RolloutState rollout, Drawn drawn)
    {
        if (rollout.Finished) return false;
        var error = drawn.Error;
        try
        {
            if (error is null) rollout.Append(drawn.Token, drawn.Logprob);
        }
        catch (SchemaException failure)
        {
            error = failure;
        }
        if (error is not null) rollout.Group.Fail(error);
        else if (rollout.Finished) rollout.Group.Finish();
        return error is null;
    }

    private Drawn Draw(RolloutState rollout, int row, int thread)
    {
        var request = rollout.Group.Request;
        var inverseTemperature = request.Temperature > 0 ? (float)(1 / request.Temperature) : 1;
        float* logits = _logits!.Start + (long)row * Vocabulary, numerators = _numerators[thread].Start;
        var distribution = new TokenDistribution(logits, Vocabulary, inverseTemperature, numerators);
        try
        {
            var token = Choose(distribution, rollout, _filters[thread]);
            if (request.TopLogprobs is not null)
                rollout.Report(inverseTemperature == 1 ? distribution : new TokenDistribution(logits, Vocabulary, 1, numerators), token);
            return new Drawn(token, distribution.Logprob(token), null);
        }
        catch (SchemaException error)
        {
            return new Drawn(-1, 0, error);
        }
    }

    private static int Choose(TokenDistribution distribution, RolloutState rollout, TokenFilter filter)
    {
        var request = rollout.Group.Request;
        var mask = rollout.Mask;
        if (request.Temperature == 0 || (!mask.IsEmpty && !distribution.Keep(mask))) return distribution.Likeliest(mask);
        if (request.TopK > 0 || request.TopP < 1) filter.Apply(distribution, request.TopK, request.TopP);
        return distribution.At(rollout.Key.Uniform(rollout.Length));
    }

    private readonly struct FinalNormJob(TokenDraw draw, float* stream) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            var (rows, config) = (draw._rows, draw._weights.Config);
            var normed = draw._normed!.Rows;
            for (var i = rows.Count * thread / threads; i < rows.Count * (thread + 1) / threads; i++)
            {
                RmsNormJob.Normalize(stream + (long)rows[i] * config.HiddenSize, draw._weights.FinalNorm, normed.Values + (long)i * config.HiddenSize,
                    config.HiddenSize, (float)config.RmsNormEps);
                normed.Round(i, config.HiddenSize, 0, config.HiddenSize);
            }
        }
    }

    private readonly struct DrawJob(TokenDraw draw) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            var draws = draw._draws;
            for (var i = draws.Count * thread / threads; i < draws.Count * (thread + 1) / threads; i++)
                draw._drawn[i] = draw.Draw(draws[i].Rollout, draws[i].Logits, thread);
        }
    }
}
