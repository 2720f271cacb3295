using RftAspire.Engine.Model;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

/// <summary>
/// Every tensor's gradient against finite differences of the loss: along itself, and of two of its elements. The losses carry
/// float32 errors of about 5e-7, so steps of 4e-3 leave noise of 1e-4; the fourth-order stencil keeps the error of steps that
/// large below it.
/// </summary>
public sealed class GradientTests
{
    private const double Temperature = 0.7;

    public static TheoryData<string> Types => TinyModels.Types;

    [Theory, MemberData(nameof(Types))]
    public void Backward_LikelihoodLoss_EqualsFiniteDifferences(string type)
    {
        var groups = Groups();
        var targets = groups.Sum(group => group.Completions.Sum(completion => completion.Length));
        Check(type, groups, _ => () => new LikelihoodLoss(targets), loss => ((LikelihoodLoss)loss).Loss);
    }

    [Theory, MemberData(nameof(Types))]
    public void Backward_PolicyLoss_EqualsFiniteDifferences(string type) => Check(type, Groups(), PolicyLosses, loss => ((PolicyLoss)loss).Loss);

    [Theory, MemberData(nameof(Types)), InlineData("phi3")]
    public void Backward_Adapter_EqualsFiniteDifferences(string type)
    {
        var groups = Groups();
        var targets = groups.Sum(group => group.Completions.Sum(completion => completion.Length));
        Check(type, groups, _ => () => new LikelihoodLoss(targets), loss => ((LikelihoodLoss)loss).Loss, TinyModels.RandomAdapter(TinyModels.Config(type)));
    }

    [Theory]
    [InlineData("q_proj", "v_proj")]
    [InlineData("k_proj", "up_proj")]
    [InlineData("down_proj")]
    public void Backward_AdapterOfSomeProjections_EqualsFiniteDifferences(params string[] targets)
    {
        var groups = Groups();
        var adapter = TinyModels.RandomAdapter(TinyModels.Config("qwen2"), new LoraSettings(5, 5, targets));
        Assert.Equal(2 * 2 * targets.Length, adapter.Layout.Tensors.Count);
        Check("qwen2", groups, PolicyLosses, loss => ((PolicyLoss)loss).Loss, adapter);
    }

    /// <summary>The first two share a prompt with others of their group; one completion has a single token, one group a single completion.</summary>
    private static List<TrainingGroup> Groups() =>
    [
        new(TinyModels.Tokens(1, 5, 101), [TinyModels.Tokens(2, 6, 101), TinyModels.Tokens(3, 1, 101), TinyModels.Tokens(4, 4, 101)]),
        new(TinyModels.Tokens(5, 1, 101), [TinyModels.Tokens(6, 3, 101), TinyModels.Tokens(7, 5, 101)]),
        new(TinyModels.Tokens(8, 7, 101), [TinyModels.Tokens(9, 4, 101)]),
    ];

    /// <summary>Ratios on both sides of the clip range and far from its edges, where the loss has no derivative.</summary>
    private static Func<ITokenLoss> PolicyLosses(float[][] logprobs)
    {
        float[] offsets = [0.05f, -1.5f, 1.5f, -0.05f];
        var sequences = logprobs.Select((row, i) => new PolicySequence(i % 2 == 0 ? 0.9f : -0.7f, [.. row.Select((l, t) => l + offsets[(i + t) % 4])],
            [.. row.Select((l, t) => l + 0.3f * ((t % 3) - 1))], 1f / 20)).ToList();
        return () => new PolicyLoss(sequences, clipRange: 0.5f, klCoefficient: 0.5f);
    }

    private static void Check(string type, List<TrainingGroup> groups, Func<float[][], Func<ITokenLoss>> losses, Func<ITokenLoss, double> value, LoraAdapter? adapter = null)
    {
        using var bench = new LearnerBench(TinyModels.Random(TinyModels.Config(type)), threads: 1, adapter: adapter);
        var loss = losses(bench.Learner.Logprobs(groups, Temperature));
        bench.Learner.Backward(groups, loss(), Temperature);
        double Evaluate()
        {
            bench.Learner.WeightsChanged();
            var current = loss();
            var logprobs = bench.Learner.Logprobs(groups, Temperature);
            for (var s = 0; s < logprobs.Length; s++)
                for (var t = 0; t < logprobs[s].Length; t++) current.Gradient(s, t, new TokenScore(logprobs[s][t], 0, IsLikeliest: false));
            return value(current);
        }
        foreach (var tensor in bench.Learner.Trained.Layout.Tensors)
        {
            var gradient = bench.Learner.Gradients.Tensor(tensor).ToArray();
            var length = Math.Sqrt(gradient.Sum(g => (double)g * g));
            Assert.InRange(length, 1e-4, 1e3);
            var along = gradient.Select(g => g / length).ToArray();
            AssertSlope(tensor.Name, length, Slope(bench, tensor.Name, along, Evaluate), 2e-3 * length + 2e-4);
            foreach (var element in Elements(gradient))
            {
                var one = new double[gradient.Length];
                one[element] = 1;
                AssertSlope($"{tensor.Name}[{element}]", gradient[element], Slope(bench, tensor.Name, one, Evaluate), 3e-4);
            }
        }
    }

    /// <summary>The largest element, and one anywhere.</summary>
    private static IEnumerable<int> Elements(float[] gradient)
    {
        yield return Array.IndexOf(gradient, gradient.MaxBy(MathF.Abs));
        yield return 7919 % gradient.Length;
    }

    /// <summary>(8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h.</summary>
    private static double Slope(LearnerBench bench, string tensor, double[] direction, Func<double> loss)
    {
        const double h = 4e-3;
        var values = bench.Learner.Trained.Tensor(tensor).ToArray();
        double At(double step)
        {
            var moved = bench.Learner.Trained.Tensor(tensor);
            for (var i = 0; i < moved.Length; i++) moved[i] = (float)(values[i] + step * direction[i]);
            return loss();
        }
        var slope = (8 * (At(h) - At(-h)) - (At(2 * h) - At(-2 * h))) / (12 * h);
        values.CopyTo(bench.Learner.Trained.Tensor(tensor));
        return slope;
    }

    private static void AssertSlope(string what, double expected, double actual, double tolerance) =>
        Assert.True(Math.Abs(expected - actual) <= tolerance, FormattableString.Invariant($"{what}: gradient {expected:G6}, slope {actual:G6}, tolerance {tolerance:G3}"));
}
