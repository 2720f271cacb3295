using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;

namespace RftAspire.Engine.Tests.Model;

public sealed unsafe class RotaryTableTests
{
    private static readonly ModelConfig Plain = TinyModels.Config("llama") with { HeadDim = 20, MaxPositionEmbeddings = 1 << 24 };

    /// <summary>Frequencies computed apart from this code, in float64, from the formulas of the papers and of Hugging Face.</summary>
    [Theory]
    [InlineData(0, 1.0)]
    [InlineData(14, 0.0032114459947525913)]
    [InlineData(15, 0.001290547928209264)]
    [InlineData(16, 0.00042955679655936815)]
    [InlineData(17, 9.70828780262767e-05)]
    [InlineData(31, 9.418306725434909e-08)]
    public void RotaryFrequency_Llama3_KeepsFastStretchesSlow(int pair, double expected)
    {
        var config = Plain with { HeadDim = 64, RopeTheta = 5e5, RopeScaling = new Llama3RopeScaling(32, 1, 4, 8192) };
        Assert.Equal(1, config.RotaryFrequency(pair) / expected, 1e-14);
    }

    [Theory]
    [InlineData(true, 20, 0.01333521432163324)]
    [InlineData(true, 24, 0.005375321490790102)]
    [InlineData(true, 30, 0.0010643609812470017)]
    [InlineData(true, 39, 6.490394320837028e-05)]
    [InlineData(true, 63, 3.102344401879299e-07)]
    [InlineData(false, 24, 0.0055172704751341225)]
    [InlineData(false, 30, 0.0010792377416765538)]
    public void RotaryFrequency_Yarn_RampsOverThePairs(bool truncate, int pair, double expected)
    {
        var scaling = new YarnRopeScaling(4, 32768, Truncate: truncate);
        var config = Plain with { HeadDim = 128, RopeTheta = 1e6, RopeScaling = scaling };
        Assert.Equal(1, config.RotaryFrequency(pair) / expected, 1e-14);
        Assert.Equal(1.138629436111989, scaling.Magnitude, 1e-14);
        Assert.Equal(1.5, (scaling with { AttentionFactor = 1.5 }).Magnitude);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(131_071)]
    public void Rotate_Position_TurnsEachPairByItsAngle(int position)
    {
        var config = Plain with { RopeScaling = new YarnRopeScaling(2, 512) };
        using var table = new RotaryTable(config);
        var head = Enumerable.Range(1, 20).Select(i => i / 4f).ToArray();
        var turned = Rotate(table, head, position, 1);
        for (var i = 0; i < 10; i++)
        {
            double angle = position * config.RotaryFrequency(i), magnitude = config.RopeScaling.Magnitude;
            Assert.Equal(magnitude * (head[i] * Math.Cos(angle) - head[i + 10] * Math.Sin(angle)), turned[i], 1e-5);
            Assert.Equal(magnitude * (head[i + 10] * Math.Cos(angle) + head[i] * Math.Sin(angle)), turned[i + 10], 1e-5);
        }
    }

    [Fact]
    public void Rotate_Back_IsTheTranspose()
    {
        using var table = new RotaryTable(Plain with { RopeScaling = new YarnRopeScaling(2, 512, 1.25) });
        float[] x = [.. Enumerable.Range(0, 20).Select(i => MathF.Sin(i))], y = [.. Enumerable.Range(0, 20).Select(i => MathF.Cos(3 * i))];
        Assert.Equal(Dot(Rotate(table, x, 7, 1), y), Dot(x, Rotate(table, y, 7, -1)), 1e-5);
    }

    [Fact]
    public void Rotate_ManyThreadsInAnyOrder_GiveTheBitsOfOne()
    {
        using RotaryTable alone = new(Plain), shared = new(Plain);
        var head = Enumerable.Range(1, 20).Select(i => i / 4f).ToArray();
        int[] positions = [.. Enumerable.Range(0, 64).Select(i => (i * 7919) % 3000)];
        var expected = positions.Order().Select(position => (position, Rotate(alone, head, position, 1))).DistinctBy(turned => turned.position).ToDictionary();
        Parallel.ForEach(Enumerable.Range(0, 4), _ => Assert.All(positions, position => Assert.Equal(expected[position], Rotate(shared, head, position, 1))));
    }

    private static float[] Rotate(RotaryTable table, float[] head, int position, float direction)
    {
        var turned = head.ToArray();
        fixed (float* start = turned) table.Rotate(start, position, direction);
        return turned;
    }

    private static double Dot(float[] x, float[] y) => x.Zip(y, (a, b) => (double)a * b).Sum();
}
