using System.Text.Json;
using RftAspire.Grading;

namespace RftAspire.Services.Tests.Grading;

internal static class GraderCalls
{
    /// <summary>What a grader that asks nobody says at once.</summary>
    public static GradeResult Grade(this IGrader grader, string item, string answer)
    {
        var result = grader.GradeAsync(new GradeRequest(JsonElement.Parse(item), new Sample(answer)), default).AsTask();
        Assert.True(result.IsCompletedSuccessfully);
        return result.GetAwaiter().GetResult();
    }

    public static double Reward(this IGrader grader, string item, string answer) => Assert.IsType<GradeResult.Reward>(grader.Grade(item, answer)).Value;

    public static GradeResult.Ungraded Ungraded(this IGrader grader, string item, string answer) => Assert.IsType<GradeResult.Ungraded>(grader.Grade(item, answer));
}
