using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

public sealed class AdamWTests : IDisposable
{
    private readonly ParameterLayout _layout = new(TinyModels.Config("qwen2"));
    private readonly ThreadTeam _team = new(2);
    private readonly Parameters _gradients;

    public AdamWTests()
    {
        _gradients = TinyModels.Random(_layout.Config, seed: 11);
    }

    public void Dispose()
    {
        _gradients.Dispose();
        _team.Dispose();
    }

    [Fact]
    public void Step_TwoUpdates_FollowTheFormulaInDouble()
    {
        var settings = new AdamWSettings { WeightDecay = 0.1 };
        using var optimizer = new AdamW(_layout, settings, _team);
        using var parameters = TinyModels.Random(_layout.Config);
        var expected = parameters.ToWeights().ToDictionary(pair => pair.Key, pair => pair.Value.Select(w => (double)w).ToArray());
        for (var t = 1; t <= 2; t++)
        {
            optimizer.Step(parameters, _gradients, 1e-2);
            foreach (var tensor in _layout.Tensors) Update(expected[tensor.Name], _gradients.Tensor(tensor), tensor.IsMatrix ? 0.1 : 0, t);
        }
        foreach (var tensor in _layout.Tensors) Assert.Equal(expected[tensor.Name], parameters.Tensor(tensor).ToArray().Select(w => (double)w), (a, b) => Math.Abs(a - b) < 2e-6);
    }

    [Fact]
    public void Step_LongGradient_IsClippedToTheNormAndReportedUnclipped()
    {
        var norm = AdamW.Norm(_gradients, _team);
        using var optimizer = new AdamW(_layout, new AdamWSettings(), _team);
        using var parameters = TinyModels.Random(_layout.Config);
        var reported = optimizer.Step(parameters, _gradients, 1e-3, maxNorm: norm / 4);
        Assert.Equal(norm, reported);
        foreach (var tensor in _layout.Tensors)
        {
            var means = optimizer.Means.Tensor(tensor);
            for (var i = 0; i < means.Length; i++) Assert.Equal(0.1 * _gradients.Tensor(tensor)[i] / 4, means[i], 1e-6);
        }
        Assert.Equal(0.1 * norm / 4, AdamW.Norm(optimizer.Means, _team), 1e-4 * norm);
    }

    [Fact]
    public void Step_GradientWithinTheNorm_IsNotClipped() =>
        Assert.Equal(Stepped(double.PositiveInfinity), Stepped(AdamW.Norm(_gradients, _team) * 1.01));

    [Fact]
    public void Norm_EveryElement_CountsOnce()
    {
        var sum = _gradients.ToWeights().Sum(pair => pair.Value.Sum(g => (double)g * g));
        Assert.Equal(Math.Sqrt(sum), AdamW.Norm(_gradients, _team), 1e-5);
    }

    private float[] Stepped(double maxNorm)
    {
        using var optimizer = new AdamW(_layout, new AdamWSettings(), _team);
        using var parameters = TinyModels.Random(_layout.Config);
        optimizer.Step(parameters, _gradients, 1e-3, maxNorm);
        return [.. parameters.ToWeights().SelectMany(pair => pair.Value)];
    }

    /// <summary>The same gradient every time, so both moments are the gradient's after correction.</summary>
    private static void Update(double[] weights, ReadOnlySpan<float> gradients, double decay, int step)
    {
        Assert.InRange(step, 1, 2);
        for (var i = 0; i < weights.Length; i++)
            weights[i] = weights[i] * (1 - 1e-2 * decay) - 1e-2 * gradients[i] / (Math.Abs(gradients[i]) + 1e-8);
    }
}
