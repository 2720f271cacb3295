using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace RftAspire.Engine.Numerics;

/// <summary>
/// Row functions with one fixed order of summation: element i is added to lane i mod 16, and the lanes are added pairwise at the
/// end. Vector512 without the hardware is carried out on narrower registers with the same bits.
/// </summary>
internal static unsafe class VectorMath
{
    private const int Lanes = 16;

    /// <summary>Sum of squares of n floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float SumOfSquares(float* x, int n)
    {
        var sum = Vector512<float>.Zero;
        var i = 0;
        for (; i + Lanes <= n; i += Lanes)
        {
            var v = Vector512.Load(x + i);
            sum = Vector512.FusedMultiplyAdd(v, v, sum);
        }
        if (i < n)
        {
            var v = LoadPart(x + i, n - i, 0);
            sum = Vector512.FusedMultiplyAdd(v, v, sum);
        }
        return AddLanes(sum);
    }

    /// <summary>Sum of products of n floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* x, float* y, int n)
    {
        var sum = Vector512<float>.Zero;
        var i = 0;
        for (; i + Lanes <= n; i += Lanes) sum = Vector512.FusedMultiplyAdd(Vector512.Load(x + i), Vector512.Load(y + i), sum);
        if (i < n) sum = Vector512.FusedMultiplyAdd(LoadPart(x + i, n - i, 0), LoadPart(y + i, n - i, 0), sum);
        return AddLanes(sum);
    }

    /// <summary>Sum of (w_i y_i) x_i over n floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Dot(float* w, float* y, float* x, int n)
    {
        var sum = Vector512<float>.Zero;
        var i = 0;
        for (; i + Lanes <= n; i += Lanes) sum = Vector512.FusedMultiplyAdd(Vector512.Load(w + i) * Vector512.Load(y + i), Vector512.Load(x + i), sum);
        if (i < n) sum = Vector512.FusedMultiplyAdd(LoadPart(w + i, n - i, 0) * LoadPart(y + i, n - i, 0), LoadPart(x + i, n - i, 0), sum);
        return AddLanes(sum);
    }

    /// <summary>Sum of w_i (x_i - shift) over those of n floats whose w is above 0: 0 times infinity does not count.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float DotPositive(float* w, float* x, float shift, int n)
    {
        Vector512<float> sum = Vector512<float>.Zero, less = Vector512.Create(shift);
        for (var i = 0; i < n; i += Lanes)
        {
            var left = n - i;
            Vector512<float> weight = left < Lanes ? LoadPart(w + i, left, 0) : Vector512.Load(w + i), value = left < Lanes ? LoadPart(x + i, left, 0) : Vector512.Load(x + i);
            sum += Vector512.ConditionalSelect(Vector512.GreaterThan(weight, Vector512<float>.Zero), weight * (value - less), Vector512<float>.Zero);
        }
        return AddLanes(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float Max(float* x, int n)
    {
        var max = Vector512.Create(float.NegativeInfinity);
        var i = 0;
        for (; i + Lanes <= n; i += Lanes) max = Vector512.Max(max, Vector512.Load(x + i));
        if (i < n) max = Vector512.Max(max, LoadPart(x + i, n - i, float.NegativeInfinity));
        var eight = Vector256.Max(max.GetLower(), max.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four.GetElement(0), four.GetElement(1)), MathF.Max(four.GetElement(2), four.GetElement(3)));
    }

    /// <summary>
    /// Replaces x_i by exp(scale * (x_i - max)) and returns the sum. Elements from n to the next multiple of 16 become 0, so the
    /// row must have room for them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float ExpInPlace(float* x, int n, float max, float scale) => ExpTo(x, x, n, max, scale);

    /// <summary>As <see cref="ExpInPlace"/>, with the exponentials written to <paramref name="target"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float ExpTo(float* x, float* target, int n, float max, float scale)
    {
        var sum = Vector512<float>.Zero;
        var vmax = Vector512.Create(max);
        var vscale = Vector512.Create(scale);
        var i = 0;
        for (; i + Lanes <= n; i += Lanes)
        {
            var e = Exp((Vector512.Load(x + i) - vmax) * vscale);
            e.Store(target + i);
            sum += e;
        }
        if (i < n)
        {
            var e = Exp((LoadPart(x + i, n - i, float.NegativeInfinity) - vmax) * vscale);
            e.Store(target + i);
            sum += e;
        }
        return AddLanes(sum);
    }

    /// <summary>
    /// exp with a relative error below 2e-7: 2^n times a degree-6 polynomial in the remainder r = x - n ln 2; results below
    /// exp(-87) are 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        var tiny = Vector512.LessThan(x, Vector512.Create(-87f));
        x = Vector512.Min(Vector512.Max(x, Vector512.Create(-87f)), Vector512.Create(88f));
        // Adding 1.5 * 2^23 rounds to the nearest integer and leaves it in the low mantissa bits.
        var shifted = Vector512.FusedMultiplyAdd(x, Vector512.Create(1.44269504f), Vector512.Create(12582912f));
        var n = shifted - Vector512.Create(12582912f);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), x);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        var p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r + Vector512<float>.One);
        var power = Vector512.ShiftLeft(shifted.AsInt32() + Vector512.Create(127), 23).AsSingle();
        return Vector512.AndNot(p * power, tiny);
    }

    /// <summary>y += x, n floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(float* y, float* x, int n)
    {
        var i = 0;
        for (; i + Lanes <= n; i += Lanes) (Vector512.Load(y + i) + Vector512.Load(x + i)).Store(y + i);
        for (; i < n; i++) y[i] += x[i];
    }

    /// <summary>y *= factor, n floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* y, float factor, int n)
    {
        var i = 0;
        var f = Vector512.Create(factor);
        for (; i + Lanes <= n; i += Lanes) (Vector512.Load(y + i) * f).Store(y + i);
        for (; i < n; i++) y[i] *= factor;
    }

    /// <summary>y += factor * x, n floats.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddScaled(float* y, float* x, float factor, int n)
    {
        var i = 0;
        var f = Vector512.Create(factor);
        for (; i + Lanes <= n; i += Lanes) Vector512.FusedMultiplyAdd(f, Vector512.Load(x + i), Vector512.Load(y + i)).Store(y + i);
        for (; i < n; i++) y[i] = MathF.FusedMultiplyAdd(factor, x[i], y[i]);
    }

    /// <summary>y_i = w_i (x_i * factor), n floats; y may be x.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScaleWeighted(float* x, float factor, float* w, float* y, int n)
    {
        var i = 0;
        var f = Vector512.Create(factor);
        for (; i + Lanes <= n; i += Lanes) (Vector512.Load(w + i) * (Vector512.Load(x + i) * f)).Store(y + i);
        for (; i < n; i++) y[i] = w[i] * (x[i] * factor);
    }

    /// <summary>Turns n pairs (a_i, b_i) by the angles whose cosines and sines are given: a cos - b sin, b cos + a sin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rotate(float* a, float* b, float* cosines, float* sines, float direction, int n)
    {
        var i = 0;
        var sign = Vector512.Create(direction);
        for (; i + Lanes <= n; i += Lanes)
        {
            Vector512<float> x = Vector512.Load(a + i), y = Vector512.Load(b + i), cos = Vector512.Load(cosines + i), sin = Vector512.Load(sines + i) * sign;
            (x * cos - y * sin).Store(a + i);
            (y * cos + x * sin).Store(b + i);
        }
        for (; i < n; i++)
        {
            float x = a[i], y = b[i], sin = sines[i] * direction;
            a[i] = x * cosines[i] - y * sin;
            b[i] = y * cosines[i] + x * sin;
        }
    }

    /// <summary>target[c, r] = source[r, c], in blocks that stay in the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Transpose(float* source, long sourceRow, int rows, int columns, float* target, long targetRow)
    {
        int wholeRows = Sse.IsSupported ? rows & ~3 : 0, wholeColumns = columns & ~15;
        for (var c = 0; c < wholeColumns; c += 16)
        {
            for (var r = 0; r < wholeRows; r += 4)
                for (var part = c; part < c + 16; part += 4) Transpose4(source + r * sourceRow + part, sourceRow, target + part * targetRow + r, targetRow);
        }
        for (var r = 0; r < rows; r++)
            for (var c = r < wholeRows ? wholeColumns : 0; c < columns; c++) target[c * targetRow + r] = source[r * sourceRow + c];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Transpose4(float* source, long sourceRow, float* target, long targetRow)
    {
        Vector128<float> a = Vector128.Load(source), b = Vector128.Load(source + sourceRow);
        Vector128<float> c = Vector128.Load(source + 2 * sourceRow), d = Vector128.Load(source + 3 * sourceRow);
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), abHigh = Sse.UnpackHigh(a, b), cdHigh = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(target);
        Sse.MoveHighToLow(cd, ab).Store(target + targetRow);
        Sse.MoveLowToHigh(abHigh, cdHigh).Store(target + 2 * targetRow);
        Sse.MoveHighToLow(cdHigh, abHigh).Store(target + 3 * targetRow);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float AddLanes(Vector512<float> v)
    {
        var eight = v.GetLower() + v.GetUpper();
        var four = eight.GetLower() + eight.GetUpper();
        return (four.GetElement(0) + four.GetElement(2)) + (four.GetElement(1) + four.GetElement(3));
    }

    /// <summary>The first <paramref name="count"/> lanes from memory, <paramref name="rest"/> in the others; what lies behind may be read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> LoadPart(float* x, int count, float rest) =>
        Vector512.ConditionalSelect(Vector512.LessThan(Vector512<int>.Indices, Vector512.Create(count)).AsSingle(), Vector512.Load(x), Vector512.Create(rest));
}
