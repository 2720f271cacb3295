using RftAspire.Contracts;
using RftAspire.Jobs;
using Asked = RftAspire.Contracts.Jobs.V1.Hyperparameters;

namespace RftAspire.Services.Tests.Jobs;

public sealed class HyperparameterFieldsTests
{
    [Fact]
    public void Read_NothingAsked_IsTheDefault() => Assert.Equal(new Hyperparameters(), Sound(new Asked()));

    [Theory]
    [InlineData(1, 32, 100, 4)]
    [InlineData(3, 32, 100, 10)]
    [InlineData(2, 32, 64, 4)]
    [InlineData(1, 32, 5, 1)]
    [InlineData(50, 1, 1999, 99950)]
    public void Read_Epochs_AreStepsOverTheRowsRoundedUp(int epochs, int promptsPerStep, int rows, int steps) =>
        Assert.Equal(steps, Sound(new Asked { NEpochs = epochs, PromptsPerStep = promptsPerStep }, rows: rows).Steps);

    [Theory]
    [InlineData(4, 1)]
    [InlineData(8, 1)]
    [InlineData(40, 5)]
    [InlineData(159, 19)]
    [InlineData(1000, 20)]
    public void Read_Steps_DecideTheEvalInterval(int steps, int interval)
    {
        Assert.Equal(interval, Sound(new Asked { Steps = steps }).EvalInterval);
        Assert.Equal(0, Sound(new Asked { Steps = steps, EvalInterval = 0 }).EvalInterval);
    }

    [Theory]
    [InlineData(0.001, 2)]
    [InlineData(0.3, 2)]
    [InlineData(0.31, 2)]
    [InlineData(0.4375, 4)]
    [InlineData(1.5, 12)]
    [InlineData(10, 80)]
    public void Read_ComputeMultiplier_ScalesTheGroup(double multiplier, int size) =>
        Assert.Equal(size, Sound(new Asked { ComputeMultiplier = multiplier }).GroupSize);

    [Fact]
    public void Read_LearningRateMultiplier_ScalesTheMethodsDefault()
    {
        Assert.Equal(2 * 2e-4, Sound(new Asked { LearningRateMultiplier = 2 }).LearningRate);
        Assert.Equal(2 * 5e-4, Sound(new Asked { LearningRateMultiplier = 2 }, TrainingMethod.Supervised).LearningRate);
    }

    [Theory]
    [InlineData("default", 33, 33)]
    [InlineData("low", 33, 16)]
    [InlineData("low", 1, 1)]
    [InlineData("medium", 33, 33)]
    [InlineData("high", 33, 66)]
    public void Read_ReasoningEffort_ScalesTheLongestCompletion(string effort, int asked, int tokens) =>
        Assert.Equal(tokens, Sound(new Asked { ReasoningEffort = effort, MaxCompletionTokens = asked }).MaxCompletionTokens);

    [Theory]
    [InlineData("grpo", AdvantageKind.MeanStd, LossNormalization.Sequence, 0.01, 0.2)]
    [InlineData("dr_grpo", AdvantageKind.Mean, LossNormalization.Constant, 0, 0.2)]
    [InlineData("dapo", AdvantageKind.MeanStd, LossNormalization.Token, 0, 0.28)]
    public void Read_Algorithm_SetsWhatIsLeftOut(string algorithm, AdvantageKind advantage, LossNormalization normalization, double kl, double clipHigh)
    {
        var read = HyperparameterFields.ToMessage(Sound(new Asked { Algorithm = algorithm }));
        var chosen = Sound(new Asked { Algorithm = algorithm, KlCoefficient = 0.5, Advantage = "mean", LossNormalization = "token", ClipRangeHigh = 0.9 });

        var expected = HyperparameterFields.ToMessage(new Hyperparameters { Advantage = advantage, LossNormalization = normalization, KlCoefficient = kl, ClipRangeHigh = clipHigh });
        Assert.Equal(expected, read);
        Assert.Equal(new Hyperparameters { KlCoefficient = 0.5, ClipRangeHigh = 0.9 }, chosen);
    }

    [Fact]
    public void Read_Supervised_HasItsOwnDefaults()
    {
        var read = Sound(new Asked(), TrainingMethod.Supervised, rows: 100);

        Assert.Equal((19, 16, 5e-4, 1), (read.Steps, read.PromptsPerStep, read.LearningRate, read.WarmupSteps));
        var message = HyperparameterFields.ToMessage(read, TrainingMethod.Supervised);
        Assert.Equal((true, false, false), (message.HasSteps, message.HasGroupSize, message.HasKlCoefficient));
    }

    [Fact]
    public void Read_FieldBesideTheOneItStandsFor_IsAFaultOfEach()
    {
        var asked = new Asked { Steps = 1, NEpochs = 1, LearningRate = 0.1, LearningRateMultiplier = 1, GroupSize = 4, ComputeMultiplier = 1 };

        Assert.Equal(["n_epochs", "compute_multiplier", "learning_rate_multiplier"], FaultyFields(asked));
    }

    [Fact]
    public void Read_OutOfRange_NamesTheField()
    {
        Assert.Equal(["algorithm", "n_epochs", "compute_multiplier", "reasoning_effort", "learning_rate_multiplier", "clip_range_high"], FaultyFields(new Asked
        {
            NEpochs = 51,
            ComputeMultiplier = 1e-5,
            LearningRateMultiplier = double.NaN,
            ReasoningEffort = "most",
            Algorithm = "ppo",
            ClipRangeHigh = 0,
        }));
        Assert.Equal(["reasoning_effort"], FaultyFields(new Asked { ReasoningEffort = "high", MaxCompletionTokens = 16_385 }));
        Assert.Equal(["n_epochs"], FaultyFields(new Asked { NEpochs = 50, PromptsPerStep = 1 }, rows: 2001));
        Assert.Equal(["compute_multiplier"], FaultyFields(new Asked { ComputeMultiplier = double.NaN }));
    }

    [Fact]
    public void Read_FieldsOfReinforcement_AreRefusedForASupervisedJob() =>
        Assert.Equal(["group_size", "kl_coefficient", "algorithm"], FaultyFields(
            new Asked { Steps = 3, GroupSize = 8, KlCoefficient = 0, Algorithm = "grpo", Precision = "bf16", EvalInterval = 2 }, TrainingMethod.Supervised));

    private static Hyperparameters Sound(Asked asked, TrainingMethod method = TrainingMethod.Reinforcement, int rows = 100)
    {
        var faults = new List<Violation>();
        var read = HyperparameterFields.Read(asked, method, rows, faults);
        Assert.Empty(faults);
        return read;
    }

    private static IEnumerable<string> FaultyFields(Asked asked, TrainingMethod method = TrainingMethod.Reinforcement, int rows = 100)
    {
        var faults = new List<Violation>();
        HyperparameterFields.Read(asked, method, rows, faults);
        return faults.Select(fault => fault.Field["hyperparameters.".Length..]);
    }
}
