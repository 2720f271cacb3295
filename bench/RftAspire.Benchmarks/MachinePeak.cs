using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace RftAspire.Benchmarks;

/// <summary>The rate of fused multiply-adds on registers alone: what no matrix product can exceed.</summary>
internal static class MachinePeak
{
    private const int Rounds = 4_000_000;
    private const int Chains = 16;

    /// <summary>Single-precision floating-point operations a second on all threads.</summary>
    public static double Measure(int threads, Windows windows)
    {
        var lanes = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        return windows.Measure(2.0 * lanes * Chains * Rounds * threads, () => { }, () => RunOnAll(threads)).Median;
    }

    private static void RunOnAll(int threads)
    {
        var others = new Thread[threads - 1];
        for (var i = 0; i < others.Length; i++) (others[i] = new Thread(() => Run())).Start();
        Run();
        foreach (var other in others) other.Join();
    }

    private static float Run() =>
        Vector512.IsHardwareAccelerated ? Run512() : Vector256.IsHardwareAccelerated ? Run256() : Run128();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run512()
    {
        Vector512<float> x = Vector512.Create(0.5f), y = Vector512.Create(1e-3f);
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y, m = y, n = y, o = y, p = y;
        for (var round = 0; round < Rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y); b = Vector512.FusedMultiplyAdd(b, x, y); c = Vector512.FusedMultiplyAdd(c, x, y); d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y); f = Vector512.FusedMultiplyAdd(f, x, y); g = Vector512.FusedMultiplyAdd(g, x, y); h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y); j = Vector512.FusedMultiplyAdd(j, x, y); k = Vector512.FusedMultiplyAdd(k, x, y); l = Vector512.FusedMultiplyAdd(l, x, y);
            m = Vector512.FusedMultiplyAdd(m, x, y); n = Vector512.FusedMultiplyAdd(n, x, y); o = Vector512.FusedMultiplyAdd(o, x, y); p = Vector512.FusedMultiplyAdd(p, x, y);
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run256()
    {
        Vector256<float> x = Vector256.Create(0.5f), y = Vector256.Create(1e-3f);
        Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        for (var round = 0; round < 2 * Rounds; round++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y); b = Vector256.FusedMultiplyAdd(b, x, y); c = Vector256.FusedMultiplyAdd(c, x, y); d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y); f = Vector256.FusedMultiplyAdd(f, x, y); g = Vector256.FusedMultiplyAdd(g, x, y); h = Vector256.FusedMultiplyAdd(h, x, y);
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Run128()
    {
        Vector128<float> x = Vector128.Create(0.5f), y = Vector128.Create(1e-3f);
        Vector128<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y;
        for (var round = 0; round < 2 * Rounds; round++)
        {
            a = Vector128.FusedMultiplyAdd(a, x, y); b = Vector128.FusedMultiplyAdd(b, x, y); c = Vector128.FusedMultiplyAdd(c, x, y); d = Vector128.FusedMultiplyAdd(d, x, y);
            e = Vector128.FusedMultiplyAdd(e, x, y); f = Vector128.FusedMultiplyAdd(f, x, y); g = Vector128.FusedMultiplyAdd(g, x, y); h = Vector128.FusedMultiplyAdd(h, x, y);
        }
        return Vector128.Sum(a + b + c + d + e + f + g + h);
    }
}
