using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;

namespace RftAspire.Engine.Tests.Training;

public sealed class AdvantagesTests
{
    private static readonly double?[] s_rewards = [1, 0, 0, 1, 0, 0, 0, 0];

    [Fact]
    public void Centered_TwoOfEight_AreTheDistancesFromTheMean() =>
        Assert.Equal([0.75f, -0.25f, -0.25f, 0.75f, -0.25f, -0.25f, -0.25f, -0.25f], Advantages.Centered(s_rewards));

    [Fact]
    public void Standardized_TwoOfEight_DividesByTheSampleDeviation()
    {
        var advantages = Advantages.Standardized(s_rewards);
        Assert.Equal(1.620182, advantages[0], 1e-6);
        Assert.Equal(-0.540061, advantages[1], 1e-6);
    }

    [Fact]
    public void Both_AnyRewards_SumToZeroAndIgnoreAConstant()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var rewards = Rewards(seed);
            foreach (var normalize in new Func<IReadOnlyList<double?>, float[]>[] { Advantages.Centered, Advantages.Standardized })
            {
                Assert.Equal(0, normalize(rewards).Sum(advantage => (double)advantage), 1e-6);
                Assert.Equal(normalize(rewards), normalize([.. rewards.Select(reward => reward + 4)]), (a, b) => Math.Abs(a - b) < 1e-5);
            }
        }
    }

    [Fact]
    public void Both_RewardsTimesFour_ScaleCenteredOnly()
    {
        var (rewards, larger) = (Rewards(3), Rewards(3).Select(reward => reward * 4).ToArray());
        Assert.Equal(Advantages.Centered(rewards).Select(advantage => 4 * advantage), Advantages.Centered(larger));
        Assert.Equal(Advantages.Standardized(rewards), Advantages.Standardized(larger), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void Both_PermutedRewards_PermuteTheAdvantages()
    {
        // Multiples of 1/8 add up exactly in any order.
        double?[] rewards = [0.125, 1, 0.5, 0, 0.875, 0.25];
        var order = RandomKey.FromSeed(2).Permutation(rewards.Length);
        double?[] permuted = [.. order.Select(i => rewards[i])];
        Assert.Equal(order.Select(i => Advantages.Centered(rewards)[i]), Advantages.Centered(permuted));
        Assert.Equal(order.Select(i => Advantages.Standardized(rewards)[i]), Advantages.Standardized(permuted), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Theory]
    [InlineData(0.1, 3)]
    [InlineData(0.1, 7)]
    [InlineData(1.0 / 3, 8)]
    [InlineData(5, 1)]
    public void Both_EqualRewardsOrOne_AreExactlyZero(double reward, int count)
    {
        double?[] rewards = [.. Enumerable.Repeat<double?>(reward, count)];
        Assert.All(Advantages.Centered(rewards), advantage => Assert.Equal(0, advantage));
        Assert.All(Advantages.Standardized(rewards), advantage => Assert.Equal(0, advantage));
    }

    [Fact]
    public void Both_MissingReward_CountsNowhere()
    {
        Assert.Equal([0.5f, 0, -0.5f], Advantages.Centered([1, null, 0]));
        var (with, without) = (Advantages.Standardized([1, null, 0, 0.25]), Advantages.Standardized([1, 0, 0.25]));
        Assert.Equal([without[0], 0, without[1], without[2]], with);
        Assert.Equal([0, 0], Advantages.Centered([1, null]));
        Assert.Equal([0, 0], Advantages.Standardized([null, null]));
    }

    private static double?[] Rewards(long seed) => [.. Enumerable.Range(0, 8).Select(i => (double?)RandomKey.FromSeed(seed).Uniform(i))];
}
