using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

/// <summary>
/// The engine against values computed in float64. Tolerances are ten times what a float32 run of the reference itself is away
/// from them (largest figures of the three sets): 4.7e-6 for logits, 1.8e-6 for log-probabilities, 2.0e-6 for gradients.
/// </summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Sets => ["llama", "qwen2", "qwen3"];

    [SharedDataTheory, MemberData(nameof(Sets))]
    public void Logits_OfEverySequence_EqualTheReference(string set)
    {
        var golden = new Golden(set);
        using var bench = new LearnerBench(golden);
        var (expected, vocabulary) = (golden.Expected("logits"), bench.Learner.Parameters.Layout.Config.VocabSize);
        for (var b = 0; b < golden.Sequences.Length; b++)
        {
            var logits = bench.Learner.Logits(golden.Sequences[b]);
            AssertClose(expected.AsSpan(b * golden.Width * vocabulary, logits.Length), logits, 4.7e-5);
        }
    }

    [SharedDataTheory, MemberData(nameof(Sets))]
    public void Logprobs_AtBothTemperatures_EqualTheReference(string set)
    {
        var golden = new Golden(set);
        using var bench = new LearnerBench(golden);
        foreach (var (name, temperature) in new[] { ("logprobs", 1.0), ("logprobs_t07", 0.7) })
        {
            var logprobs = bench.Learner.Logprobs(golden.Groups(), temperature);
            for (var b = 0; b < logprobs.Length; b++)
            {
                var from = b * (golden.Width - 1) + golden.PromptLengths[b] - 1;
                AssertClose(golden.Expected(name).AsSpan(from, logprobs[b].Length), logprobs[b], 1.8e-5 / temperature);
            }
        }
    }

    [SharedDataTheory, MemberData(nameof(Sets))]
    public void Backward_OfEachNormalization_EqualsTheReference(string set)
    {
        var golden = new Golden(set);
        foreach (var normalization in new[] { "grpo", "token", "dr_grpo" })
        {
            using var bench = new LearnerBench(golden);
            var loss = golden.Loss(normalization);
            bench.Learner.Backward(golden.Groups(), loss);
            Assert.Equal(golden.Figures.GetProperty("loss").GetProperty(normalization).GetDouble(), loss.Loss, 1e-5);
            Assert.Equal(golden.Figures.GetProperty("global_grad_norm").GetProperty(normalization).GetDouble(), AdamW.Norm(bench.Learner.Gradients, bench.Team), 1e-4);
            Assert.Equal(golden.Figures.GetProperty("clipped_tokens").GetInt32(), loss.ClippedTokens);
            foreach (var tensor in bench.Learner.Gradients.Layout.Tensors)
            {
                var gradient = bench.Learner.Gradients.Tensor(tensor).ToArray();
                var length = golden.Figures.GetProperty("grad_l2").GetProperty(normalization).GetProperty(tensor.Name).GetDouble();
                Assert.Equal(length, Length(gradient), 2e-5 * length);
                if (normalization != "grpo") continue;
                var expected = golden.Expected("grad." + tensor.Name);
                Assert.InRange(Distance(expected, Golden.Sample(gradient)) / Length(expected), 0, 2e-5);
            }
        }
    }

    [SharedDataTheory, MemberData(nameof(Sets))]
    public void AdamW_ThreeSteps_EqualsTheReference(string set)
    {
        var golden = new Golden(set);
        using var bench = new LearnerBench(golden);
        using var optimizer = new AdamW(bench.Learner.Parameters.Layout,
            new AdamWSettings { Beta2 = 0.999, WeightDecay = 0.01, DecayMatricesOnly = false }, bench.Team);
        for (var step = 0; step < 3; step++)
        {
            var loss = golden.Loss("grpo");
            bench.Learner.Gradients.Clear();
            bench.Learner.Backward(golden.Groups(), loss);
            Assert.Equal(golden.Figures.GetProperty("step_loss")[step].GetDouble(), loss.Loss, 1e-4);
            optimizer.Step(bench.Learner.Parameters, bench.Learner.Gradients, 1e-3);
            bench.Learner.WeightsChanged();
        }
        using var start = CheckpointFolder.Load(golden.Folder);
        foreach (var tensor in start.Layout.Tensors)
        {
            // AdamW divides a gradient by its own size, so where the gradient is smaller than float32's rounding error the step is noise.
            var gradients = golden.Expected("grad." + tensor.Name);
            var before = Golden.Sample(start.Tensor(tensor));
            var after = Golden.Sample(bench.Learner.Parameters.Tensor(tensor));
            var reference = golden.Expected("after3." + tensor.Name);
            var compared = Enumerable.Range(0, before.Length).Where(i => Math.Abs(gradients[i]) > 1e-7 || gradients[i] == 0).ToList();
            var expected = compared.Select(i => reference[i] - before[i]).ToArray();
            var actual = compared.Select(i => after[i] - before[i]).ToArray();
            Assert.InRange(Distance(expected, actual) / Length(expected), 0, 2e-2);
        }
    }

    private static double Length(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));

    private static double Distance(IEnumerable<float> left, IEnumerable<float> right) => Length(left.Zip(right, (a, b) => a - b));

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, double tolerance)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], tolerance);
    }
}
