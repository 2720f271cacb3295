using System.Runtime.Intrinsics;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public sealed unsafe class VectorMathTests
{
    private const int Lanes = 16;

    [Fact]
    public void Exp_WholeRange_RelativeErrorBelowTheBound()
    {
        const int points = 60_000 * Lanes;
        double worst = 0;
        for (var i = 0; i < points; i += Lanes)
        {
            var x = Vector512.Create(-87f) + Vector512.Create(175f / points) * (Vector512.Create((float)i) + Vector512<float>.Indices);
            var y = VectorMath.Exp(x);
            for (var lane = 0; lane < Lanes; lane++)
            {
                var exact = Math.Exp(Math.Min(88, x[lane]));
                worst = Math.Max(worst, Math.Abs(y[lane] - exact) / exact);
            }
        }
        Assert.InRange(worst, 1e-8, 2.5e-7);
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-87.1f, 0f)]
    [InlineData(-1e30f, 0f)]
    [InlineData(float.NegativeInfinity, 0f)]
    [InlineData(float.NaN, float.NaN)]
    public void Exp_Edge_IsExact(float x, float expected) => Assert.Equal(expected, Exp(x));

    [Fact]
    public void Exp_BeyondTheRange_StaysFinite()
    {
        Assert.Equal(Exp(88), Exp(1000));
        Assert.Equal(Exp(88), Exp(float.PositiveInfinity));
        Assert.True(float.IsFinite(Exp(88)));
        Assert.True(float.IsNormal(Exp(-87)));
    }

    [Fact]
    public void Sums_AnyLength_DoNotDependOnTheTail()
    {
        for (var n = 1; n <= 70; n++)
        {
            using NativeBuffer x = FloatRows.Random(n, 96), y = FloatRows.Random(n + 100, 96);
            var (squares, dot, max) = (VectorMath.SumOfSquares(x.Start, n), VectorMath.Dot(x.Start, y.Start, n), VectorMath.Max(x.Start, n));
            Assert.Equal(LaneSum(n, i => x.Start[i], i => x.Start[i]), squares);
            Assert.Equal(LaneSum(n, i => x.Start[i], i => y.Start[i]), dot);
            Assert.Equal(x.Span(0, n).ToArray().Max(), max);
            x.Span(n, 96 - n).Clear();
            Assert.Equal((squares, dot), (VectorMath.SumOfSquares(x.Start, 96), VectorMath.Dot(x.Start, y.Start, 96)));
        }
    }

    [Fact]
    public void ExpTo_AnyLength_FillsTheRestOfTheVectorWithZero()
    {
        for (var n = 1; n <= 50; n++)
        {
            using NativeBuffer x = FloatRows.Random(n, n), target = new(96);
            target.Span(0, 96).Fill(7);
            var sum = VectorMath.ExpTo(x.Start, target.Start, n, max: 1, scale: 2);
            var end = (n + Lanes - 1) / Lanes * Lanes;
            for (var i = 0; i < 96; i++) Assert.Equal(i < n ? Exp((x.Start[i] - 1) * 2) : i < end ? 0 : 7, target.Start[i]);
            Assert.Equal(LaneSum(n, i => target.Start[i], _ => 1), sum);
        }
    }

    [Fact]
    public void AddScaleAddScaled_AnyLength_TouchExactlyTheirElements()
    {
        for (var n = 0; n <= 40; n++)
        {
            using NativeBuffer x = FloatRows.Random(1, 64), y = FloatRows.Random(2, 64);
            var before = y.Span(0, 64).ToArray();
            VectorMath.Add(y.Start, x.Start, n);
            VectorMath.Scale(y.Start, 3, n);
            VectorMath.AddScaled(y.Start, x.Start, -0.7f, n);
            for (var i = 0; i < 64; i++)
                Assert.Equal(i < n ? MathF.FusedMultiplyAdd(-0.7f, x.Start[i], (before[i] + x.Start[i]) * 3) : before[i], y.Start[i]);
        }
    }

    private static float Exp(float x) => VectorMath.Exp(Vector512.Create(x))[0];

    /// <summary>Element i goes to lane i mod 16; lanes are added in pairs 8, 4 and 2 apart, then the last two.</summary>
    private static float LaneSum(int n, Func<int, float> left, Func<int, float> right)
    {
        var lanes = new float[Lanes];
        for (var i = 0; i < n; i++) lanes[i % Lanes] = MathF.FusedMultiplyAdd(left(i), right(i), lanes[i % Lanes]);
        for (var half = Lanes / 2; half > 0; half /= 2)
            for (var i = 0; i < half; i++) lanes[i] += lanes[i + half];
        return lanes[0];
    }
}
