using RftAspire.Cli;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Cli;

public class HyperparameterSettingsTests
{
    [Fact]
    public void Parse_EachType_SetsThatFieldAlone()
    {
        var parsed = HyperparameterSettings.Parse(["steps=40", "learning_rate=1e-4", "advantage=mean_std", "shuffle_rewards=true"]);
        Assert.Equal(new Hyperparameters { Steps = 40, LearningRate = 1e-4, Advantage = "mean_std", ShuffleRewards = true }, parsed);
        Assert.False(parsed.HasGroupSize);
    }

    [Fact]
    public void Parse_ZeroOfADefaultedField_IsSent()
    {
        Assert.True(HyperparameterSettings.Parse(["kl_coefficient=0"]).HasKlCoefficient);
    }

    [Fact]
    public void Parse_UnknownKey_ListsEveryFieldWithItsType()
    {
        var mistake = Assert.Throws<UsageException>(() => HyperparameterSettings.Parse(["stepz=40"]));
        Assert.Contains("stepz", mistake.Message, StringComparison.Ordinal);
        Assert.Equal(Hyperparameters.Descriptor.Fields.InDeclarationOrder().Count, mistake.Details.Count);
        Assert.Contains("steps (integer)", mistake.Details);
        Assert.Contains("shuffle_rewards (true or false)", mistake.Details);
    }

    [Theory]
    [InlineData("steps=many", "--set steps=many: 'many' is no integer")]
    [InlineData("steps=1.5", "--set steps=1.5: '1.5' is no integer")]
    [InlineData("steps=99999999999", "'99999999999' is no integer")]
    [InlineData("learning_rate=NaN", "'NaN' is no number")]
    [InlineData("learning_rate=1,5", "'1,5' is no number")]
    [InlineData("shuffle_rewards=yes", "'yes' is no true or false")]
    [InlineData("steps", "not of the form key=value")]
    [InlineData("=4", "not of the form key=value")]
    public void Parse_BadValue_NamesKeyValueAndType(string setting, string expected)
    {
        Assert.Contains(expected, Assert.Throws<UsageException>(() => HyperparameterSettings.Parse([setting])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_SameKeyTwice_IsAMistake()
    {
        Assert.Contains("twice", Assert.Throws<UsageException>(() => HyperparameterSettings.Parse(["steps=1", "steps=2"])).Message, StringComparison.Ordinal);
    }
}
