using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tests.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

/// <summary>Attention and its gradients against the definition, computed one query at a time in float64.</summary>
public sealed unsafe class PackedAttentionTests : IDisposable
{
    private readonly ThreadTeam _team = new(2);
    private readonly PackedBatch _batch = new(
    [
        new TrainingGroup(TinyModels.Tokens(1, 45, 101), [TinyModels.Tokens(2, 60, 101), TinyModels.Tokens(3, 1, 101), TinyModels.Tokens(4, 20, 101)]),
        new TrainingGroup(TinyModels.Tokens(5, 1, 101), [TinyModels.Tokens(6, 70, 101)]),
        new TrainingGroup(TinyModels.Tokens(7, 64, 101), [TinyModels.Tokens(8, 34, 101)]),
    ], 0, evenRows: false);

    public void Dispose() => _team.Dispose();

    /// <summary>Smaller than a strip of scores, around one and two, larger than the context, and none.</summary>
    public static TheoryData<int?> Windows => [1, 2, 5, 16, 31, 32, 33, 46, 64, 1000, null];

    [Theory, MemberData(nameof(Windows))]
    public void AttendAndBackward_Window_EqualTheDefinition(int? window)
    {
        var config = TinyModels.Config("mistral") with { SlidingWindow = window };
        int width = (config.Heads + 2 * config.KvHeads) * config.HeadDim, outputWidth = config.Heads * config.HeadDim, rows = _batch.Rows;
        using NativeBuffer input = FloatRows.Random(1, rows * width), output = new(rows * outputWidth), outputGradient = FloatRows.Random(2, rows * outputWidth),
            gradient = new(rows * width);
        using var attention = new PackedAttention(config, _team);
        attention.Begin(_batch);
        attention.Attend(0, input.Start, output.Start);
        attention.Backward(input.Start, output.Start, outputGradient.Start, gradient.Start);

        var x = Doubles(input, rows * width);
        foreach (var (expected, actual) in Attend(config, x).Zip(Doubles(output, rows * outputWidth))) Assert.Equal(expected, actual, 2e-6);
        // Queries, keys, values: along a random direction each.
        int[] borders = [0, config.Heads * config.HeadDim, (config.Heads + config.KvHeads) * config.HeadDim, width];
        for (var part = 0; part < 3; part++)
        {
            var direction = new double[x.Length];
            for (var i = 0; i < x.Length; i++)
            {
                if (i % width >= borders[part] && i % width < borders[part + 1]) direction[i] = RandomKey.FromSeed(part).Normal(i);
            }
            var slope = (Loss(config, x, direction, 1e-4, outputGradient) - Loss(config, x, direction, -1e-4, outputGradient)) / 2e-4;
            // The slope of a sum of this many terms of random signs.
            Assert.Equal(slope, direction.Zip(Doubles(gradient, rows * width), (d, g) => d * g).Sum(), 1e-5 * Math.Sqrt(rows * width));
        }
    }

    private double Loss(ModelConfig config, double[] x, double[] direction, double step, NativeBuffer outputGradient)
    {
        var output = Attend(config, [.. x.Zip(direction, (value, d) => value + step * d)]);
        return output.Zip(Doubles(outputGradient, output.Length), (o, g) => o * g).Sum();
    }

    /// <summary>Position p sees the positions p - window + 1 to p of the prompt and of its own completion.</summary>
    private double[] Attend(ModelConfig config, double[] x)
    {
        int size = config.HeadDim, width = (config.Heads + 2 * config.KvHeads) * size, outputWidth = config.Heads * size;
        var output = new double[_batch.Rows * outputWidth];
        foreach (var group in _batch.Groups)
        {
            foreach (var segment in group.Segments)
            {
                for (var i = 0; i < segment.Rows; i++)
                {
                    var (row, position) = (group.FirstRow + segment.Offset + i, segment.Prefix + i);
                    var seen = Enumerable.Range(0, position + 1).Where(p => p > position - (config.SlidingWindow ?? int.MaxValue))
                        .Select(p => (group.FirstRow + (p < segment.Prefix ? p : segment.Offset + p - segment.Prefix)) * width).ToArray();
                    for (var head = 0; head < config.Heads; head++)
                    {
                        var kvHead = head / (config.Heads / config.KvHeads);
                        Mix(x, row * width + head * size, seen, (config.Heads + kvHead) * size, (config.Heads + config.KvHeads + kvHead) * size, size,
                            output.AsSpan(row * outputWidth + head * size, size));
                    }
                }
            }
        }
        return output;
    }

    private static void Mix(double[] x, int query, int[] seen, int key, int value, int size, Span<double> output)
    {
        var weights = seen.Select(at => Math.Exp(Enumerable.Range(0, size).Sum(d => x[query + d] * x[at + key + d]) / Math.Sqrt(size))).ToArray();
        for (var d = 0; d < size; d++) output[d] = seen.Zip(weights, (at, weight) => weight * x[at + value + d]).Sum() / weights.Sum();
    }

    private static double[] Doubles(NativeBuffer buffer, int count) => [.. buffer.Span(0, count).ToArray().Select(value => (double)value)];
}
