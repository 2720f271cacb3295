using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>Keys and values of consecutive positions for one key/value head.</summary>
/// <param name="keys">Transposed: element d of position p at <c>Keys[d * KeyStride + p]</c>.</param>
/// <param name="keyStride">Floats between two dimensions of a key.</param>
/// <param name="values">Element d of position p at <c>Values[p * ValueStride + d]</c>.</param>
/// <param name="valueStride">Floats between two positions of the values.</param>
/// <param name="count">Number of positions.</param>
internal readonly unsafe struct KeySpan(float* keys, long keyStride, float* values, long valueStride, int count)
{
    public readonly float* Keys = keys;
    public readonly long KeyStride = keyStride;
    public readonly float* Values = values;
    public readonly long ValueStride = valueStride;
    public readonly int Count = count;
}

/// <summary>
/// softmax(q·k / sqrt(headDim)) v in pieces. Scores of a query lie in one row in the order of positions, so that the sums over
/// positions have one order wherever the keys are kept.
/// </summary>
internal static unsafe class AttentionKernel
{
    /// <summary>scores[r, p] = q_r · k_p.</summary>
    public static void Score(int rows, int headDim, float* q, long qRow, KeySpan keys, float* scores, long scoresRow) =>
        MatrixKernel.Multiply(rows, keys.Count, headDim, q, qRow, 1, keys.Keys, keys.KeyStride, scores, scoresRow, accumulate: false);

    /// <summary>
    /// Turns scores from <paramref name="first"/> up to <paramref name="visible"/> into softmax numerators, those before and the
    /// rest up to <paramref name="total"/> into 0, and returns the reciprocal of their sum. The row needs room up to the next
    /// multiple of 16. It may begin at any position that is one: a lane of the sum then starts later, at the same 0.
    /// </summary>
    public static float Softmax(float* scores, int first, int visible, int total, float scale)
    {
        // What no query of the unit sees may not even be a score.
        if (first > 0) new Span<float>(scores, first).Fill(float.NegativeInfinity);
        var sum = VectorMath.ExpInPlace(scores, visible, VectorMath.Max(scores, visible), scale);
        if (total > visible) new Span<float>(scores + visible, total - visible).Clear();
        return 1 / sum;
    }

    /// <summary>output_r (+)= sum over p of weights[r, p] v_p.</summary>
    public static void Mix(int rows, int headDim, float* weights, long weightsRow, KeySpan keys, float* output, long outputRow, bool accumulate) =>
        MatrixKernel.Multiply(rows, headDim, keys.Count, weights, weightsRow, 1, keys.Values, keys.ValueStride, output, outputRow, accumulate);
}
