using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

/// <summary>What shares a batch, a prompt or a row does not change what is computed.</summary>
public sealed class PackingTests
{
    public static TheoryData<string> Types => TinyModels.Types;

    [Theory, MemberData(nameof(Types))]
    public void Logprobs_GroupOfThree_EqualThreeGroupsOfOne(string type)
    {
        var group = Group();
        using var bench = new LearnerBench(TinyModels.Random(TinyModels.Config(type)));
        var packed = bench.Learner.Logprobs([group]);
        Assert.Equal(packed, bench.Learner.Logprobs(Alone(group)));
        for (var i = 0; i < 3; i++) Assert.Equal(packed[i], bench.Learner.Logprobs([Alone(group)[i]])[0]);
    }

    [Theory, MemberData(nameof(Types))]
    public void Backward_GroupOfThree_EqualsThreeGroupsOfOne(string type)
    {
        using var bench = new LearnerBench(TinyModels.Random(TinyModels.Config(type)));
        var packed = Gradients(bench, [Group()]);
        var alone = Gradients(bench, Alone(Group()));
        foreach (var (name, expected) in alone)
        {
            // The same sums in another order: the prompt's rows are visited once or three times.
            var difference = Math.Sqrt(expected.Zip(packed[name], (a, b) => (double)(a - b) * (a - b)).Sum());
            Assert.InRange(difference / Math.Sqrt(expected.Sum(g => (double)g * g)), 0, 2e-5);
        }
    }

    [Fact]
    public void Backward_CompletionWithoutWeight_EqualsLeavingItOut()
    {
        using var bench = new LearnerBench(TinyModels.Random(TinyModels.Config("qwen3")));
        var group = Group();
        var logprobs = bench.Learner.Logprobs([group]);
        PolicySequence Sequence(int i, float weight) => new(1, logprobs[i], null, weight);
        bench.Learner.Backward([group], new PolicyLoss([Sequence(0, 0.1f), Sequence(1, 0), Sequence(2, 0.1f)], 0.2f, 0));
        var masked = bench.Learner.Gradients.ToWeights();
        bench.Learner.Gradients.Clear();
        bench.Learner.Backward([group with { Completions = [group.Completions[0], group.Completions[2]] }],
            new PolicyLoss([Sequence(0, 0.1f), Sequence(2, 0.1f)], 0.2f, 0));
        foreach (var (name, values) in bench.Learner.Gradients.ToWeights()) Assert.Equal(values, masked[name]);
    }

    [Fact]
    public void Logprobs_GroupWithoutPrompt_IsRefused()
    {
        using var bench = new LearnerBench(TinyModels.Random(TinyModels.Config("llama")));
        Assert.Throws<ArgumentException>(() => bench.Learner.Logprobs([new TrainingGroup([], [[1, 2]])]));
    }

    private static TrainingGroup Group() =>
        new(TinyModels.Tokens(1, 37, 101), [TinyModels.Tokens(2, 40, 101), TinyModels.Tokens(3, 1, 101), TinyModels.Tokens(4, 9, 101)]);

    private static List<TrainingGroup> Alone(TrainingGroup group) => [.. group.Completions.Select(completion => new TrainingGroup(group.Prompt, [completion]))];

    private static IReadOnlyDictionary<string, float[]> Gradients(LearnerBench bench, List<TrainingGroup> groups)
    {
        bench.Learner.Gradients.Clear();
        bench.Learner.Backward(groups, new LikelihoodLoss(50));
        return bench.Learner.Gradients.ToWeights();
    }
}
