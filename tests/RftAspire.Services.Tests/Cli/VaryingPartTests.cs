using RftAspire.Cli.Evals;

namespace RftAspire.Services.Tests.Cli;

public class VaryingPartTests
{
    [Fact]
    public void Of_SharedInstructions_LeavesTheRestInWholeWords()
    {
        Assert.Equal(
            ["Directive 12", "Decision 712"],
            VaryingPart.Of(["Title: Directive 12 and nothing else.", "Title: Decision 712 and nothing else."]));
    }

    [Fact]
    public void Of_OnePromptInsideAnother_DoesNotOverlap()
    {
        Assert.Equal(["", "b"], VaryingPart.Of(["a a", "a b a"]));
    }

    [Fact]
    public void Of_OnePrompt_IsThePrompt()
    {
        Assert.Equal(["alone"], VaryingPart.Of(["alone"]));
    }
}
