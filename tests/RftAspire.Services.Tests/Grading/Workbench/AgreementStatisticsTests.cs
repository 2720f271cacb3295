using RftAspire.Grading.Workbench;

namespace RftAspire.Services.Tests.Grading.Workbench;

public sealed class AgreementStatisticsTests
{
    // Tables of two readers: both yes, only the first, only the second, both no. 0.4 is the textbook case p_o = 0.7, p_e = 0.5;
    // the other two agree on 60 of 100 alike and differ by chance: p_e = 0.54 and 0.46.
    [Theory]
    [InlineData(20, 5, 10, 15, 0.4)]
    [InlineData(45, 15, 25, 15, 0.06 / 0.46)]
    [InlineData(25, 35, 5, 35, 0.14 / 0.54)]
    [InlineData(0, 10, 10, 0, -1)]
    public void Kappa_TableOfTwoReaders_IsCohens(int both, int first, int second, int none, double kappa)
    {
        int[] left = [.. Enumerable.Repeat(1, both + first), .. Enumerable.Repeat(0, second + none)];
        int[] right = [.. Enumerable.Repeat(1, both), .. Enumerable.Repeat(0, first), .. Enumerable.Repeat(1, second), .. Enumerable.Repeat(0, none)];

        Assert.Equal(kappa, AgreementStatistics.Kappa(left, right), 12);
    }

    [Fact]
    public void Kappa_ThreeClasses_IsTheHandComputedOne()
    {
        // p_o = 4/6; p_e = (2*1 + 3*3 + 1*2) / 36 = 13/36.
        Assert.Equal((4.0 / 6 - 13.0 / 36) / (1 - 13.0 / 36), AgreementStatistics.Kappa([1, 1, 2, 2, 2, 3], [1, 2, 2, 2, 3, 3]), 12);
    }

    [Fact]
    public void Kappa_OneClassThroughout_IsNotDefined() => Assert.True(double.IsNaN(AgreementStatistics.Kappa([1, 1], [1, 1])));

    [Fact]
    public void Accuracy_Pairs_CountsEqualOnes() => Assert.Equal(0.75, AgreementStatistics.Accuracy([1, 2, 3, 4], [1, 2, 3, 5]));

    [Fact]
    public void Ranks_Ties_ShareTheirMean() => Assert.Equal([3.5, 1, 3.5, 3.5, 6, 3.5], AgreementStatistics.Ranks([2, 1, 2, 2, 9, 2]));

    [Fact]
    public void Spearman_NoTies_IsTheTextbookFormula()
    {
        // The squared differences of the ranks sum to 194.
        double[] quotient = [86, 97, 99, 100, 101, 103, 106, 110, 112, 113];
        double[] hours = [2, 20, 28, 27, 50, 29, 7, 17, 6, 12];

        Assert.Equal(1 - 6.0 * 194 / 990, AgreementStatistics.Spearman(quotient, hours), 12);
    }

    [Fact]
    public void Spearman_Ties_IsPearsonOfMeanRanks() =>
        // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / sqrt(4.5 * 5).
        Assert.Equal(4.5 / Math.Sqrt(22.5), AgreementStatistics.Spearman([0, 1, 1, 7], [1, 2, 3, 4]), 12);

    [Fact]
    public void Spearman_ConstantSide_IsNotDefined() => Assert.True(double.IsNaN(AgreementStatistics.Spearman([1, 1, 1], [1, 2, 3])));
}
