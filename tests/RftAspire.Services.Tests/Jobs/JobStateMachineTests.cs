using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs.State;
using static RftAspire.Contracts.Jobs.V1.JobState;

namespace RftAspire.Services.Tests.Jobs;

public sealed class JobStateMachineTests
{
    // Rows are states, columns triggers; a dot changes nothing, a cross is refused.
    private const string Table = """
                   InputsAccepted InputsRejected TrainingStarted CancelRequested JobSucceeded JobFailed JobCancelled PauseRequested JobPaused ResumeRequested ValidationRequested
        Validating Queued         Failed         Running         Cancelling      Succeeded    Failed    Cancelled    Paused         .         x               x
        Queued     .              .              Running         Cancelling      Succeeded    Failed    Cancelled    Pausing        .         x               x
        Running    .              .              .               Cancelling      Succeeded    Failed    Cancelled    Pausing        .         x               x
        Pausing    .              .              .               Cancelling      Succeeded    Failed    Cancelled    .              Paused    x               x
        Paused     .              Failed         .               Cancelling      Succeeded    Failed    Cancelled    .              .         Queued          Validating
        Cancelling .              Failed         .               .               Succeeded    Failed    Cancelled    x              .         x               x
        Succeeded  .              .              .               x               .            .         .            x              .         x               x
        Failed     .              .              .               x               .            .         .            x              .         x               x
        Cancelled  .              .              .               x               .            .         .            x              .         x               x
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
    public void Next_AllButAResume_NeverReturnsToAnEarlierStateOfTheRound()
    {
        JobState[] order = [Validating, Queued, Running, Pausing, Paused, Cancelling, Succeeded, Failed, Cancelled];
        Assert.Equal(Enum.GetValues<JobState>().Length - 1, order.Distinct().Count());
        foreach (var state in order)
            foreach (var trigger in Enum.GetValues<JobTrigger>())
                if (JobStateMachine.Next(state, trigger).To is { } to)
                    Assert.True(Resumes(trigger) ? state == Paused : Array.IndexOf(order, to) > Array.IndexOf(order, state), $"{state} {trigger}");
    }

    [Fact]
    public void Next_EndedJob_NeverMoves()
    {
        foreach (var state in Enum.GetValues<JobState>().Where(JobStateMachine.HasEnded))
            foreach (var trigger in Enum.GetValues<JobTrigger>())
                Assert.Null(JobStateMachine.Next(state, trigger).To);
    }

    [Fact]
    public void Apply_FactsOfAnEarlierRound_NeverMoveAResumedJob()
    {
        var job = Record(Running);
        JobChange[] old = [new JobChange.Move(JobTrigger.TrainingStarted) { Round = 1 }, new JobChange.Move(JobTrigger.JobPaused) { Round = 1 }];
        job = After(job, JobTrigger.PauseRequested, JobTrigger.JobPaused, JobTrigger.ResumeRequested);
        Assert.Equal((Queued, 2), (job.State, job.Round));
        Assert.All(old, fact => Assert.Null(fact.Apply(job, default)));
        job = After(job, JobTrigger.TrainingStarted, JobTrigger.PauseRequested);
        Assert.Equal(Pausing, job.State);
        Assert.All(old, fact => Assert.Null(fact.Apply(job, default)));
        Assert.Equal(Paused, (new JobChange.Move(JobTrigger.JobPaused) { Round = 2 }).Apply(job, default)!.Value.Record.State);
    }

    [Fact]
    public void Apply_EveryStateOfTwoRounds_HasAKeyOfItsOwn()
    {
        var (job, keys) = (Record(Validating), new List<string>());
        foreach (var trigger in new[]
        {
            JobTrigger.PauseRequested, JobTrigger.ResumeRequested, JobTrigger.InputsAccepted, JobTrigger.TrainingStarted, JobTrigger.PauseRequested,
            JobTrigger.JobPaused, JobTrigger.ResumeRequested, JobTrigger.TrainingStarted, JobTrigger.JobSucceeded,
        })
        {
            var (next, _, key) = new JobChange.Move(trigger).Apply(job, default)!.Value;
            job = next;
            keys.Add(key);
        }
        Assert.Equal(["state:Paused", "state:Validating:2", "state:Queued:2", "state:Running:2", "state:Pausing:2", "state:Paused:2", "state:Queued:3", "state:Running:3", "state:Succeeded:3"], keys);
    }

    [Fact]
    public void Apply_InputsAcceptedWhilePaused_ResumesIntoTheQueue()
    {
        var paused = After(Record(Validating), JobTrigger.PauseRequested);
        Assert.Equal(Validating, After(paused, JobTrigger.ResumeRequested).State);
        var accepted = After(paused, JobTrigger.InputsAccepted);
        Assert.Equal((Paused, Queued), (accepted.State, After(accepted, JobTrigger.ResumeRequested).State));
    }

    private static bool Resumes(JobTrigger trigger) => trigger is JobTrigger.ResumeRequested or JobTrigger.ValidationRequested;

    private static JobRecord Record(JobState state) =>
        new() { Spec = JobStoreTests.Spec(), State = state, InputsAccepted = state != Validating, Revision = 1, ChangedAt = default };

    private static JobRecord After(JobRecord job, params JobTrigger[] triggers) =>
        triggers.Aggregate(job, (current, trigger) => new JobChange.Move(trigger).Apply(current, default)!.Value.Record);
}
