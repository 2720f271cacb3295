using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.State;

namespace RftAspire.Services.Tests.Jobs;

public sealed class JobStateMachineTests
{
    // Rows are states, columns triggers; a dot changes nothing, a cross is refused.
    private const string Table = """
                   GraderAccepted   InputsRejected   TrainingStarted CancelRequested JobSucceeded JobFailed JobCancelled
        Validating Queued           Failed           Running         Cancelling      Succeeded    Failed    Cancelled
        Queued     .                .                Running         Cancelling      Succeeded    Failed    Cancelled
        Running    .                .                .               Cancelling      Succeeded    Failed    Cancelled
        Cancelling .                Failed           .               .               Succeeded    Failed    Cancelled
        Succeeded  .                .                .               x               .            .         .
        Failed     .                .                .               x               .            .         .
        Cancelled  .                .                .               x               .            .         .
        """;

    public static TheoryData<JobState, JobTrigger, string> Cells()
    {
        var lines = Table.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToArray();
        var cells = new TheoryData<JobState, JobTrigger, string>();
        foreach (var row in lines[1..])
            foreach (var (trigger, cell) in lines[0].Zip(row[1..]))
                cells.Add(Enum.Parse<JobState>(row[0]), Enum.Parse<JobTrigger>(trigger), cell);
        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public void Next_StateAndTrigger_IsTheTables(JobState state, JobTrigger trigger, string cell)
    {
        var move = JobStateMachine.Next(state, trigger);

        Assert.Equal(cell, move.To is { } to ? to.ToString() : move.IsRefused ? "x" : ".");
    }

    [Fact]
    public void Table_AllStatesAndTriggers_IsComplete() =>
        Assert.Equal((Enum.GetValues<JobState>().Length - 1) * Enum.GetValues<JobTrigger>().Length, Cells().Count);

    [Fact]
    public void Next_AnyMove_NeverReturnsToAnEarlierState()
    {
        foreach (var state in Enum.GetValues<JobState>().Where(state => state != JobState.Unspecified))
            foreach (var trigger in Enum.GetValues<JobTrigger>())
                Assert.True(JobStateMachine.Next(state, trigger).To is not { } to || to > state, $"{state} {trigger}");
    }
}
