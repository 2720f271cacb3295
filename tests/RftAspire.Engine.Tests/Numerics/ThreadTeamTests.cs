using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Tests.Numerics;

public sealed class ThreadTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Run_ManyShortSections_EveryShareOnce(int threads)
    {
        using var team = new ThreadTeam(threads);
        var counts = new long[threads];
        for (var section = 1; section <= 10_000; section++)
        {
            team.Run(new CountJob(counts, section));
            // Shares of one section are all done when Run returns, so sections never overlap.
            Assert.All(counts, count => Assert.Equal(section, count));
        }
    }

    [Fact]
    public void Run_AfterAPause_WakesSleepingThreads()
    {
        using var team = new ThreadTeam(3);
        var (counts, threads) = (new long[3], new Thread[3]);
        team.Run(new CaptureJob(threads));
        Assert.True(SpinWait.SpinUntil(() => threads[1].ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(20)));
        team.Run(new CountJob(counts, 1));
        Assert.All(counts, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_ShareThatThrows_ThrowsToTheCallerAndTheTeamGoesOn(int thread)
    {
        using var team = new ThreadTeam(3);
        var counts = new long[3];
        for (var section = 1; section <= 20; section++)
        {
            Assert.Throws<InvalidOperationException>(() => team.Run(new FaultyJob(thread)));
            team.Run(new CountJob(counts, section));
            Assert.All(counts, count => Assert.Equal(section, count));
        }
    }

    [Fact]
    public void Dispose_Team_EndsItsThreads()
    {
        var threads = new Thread[4];
        using (var team = new ThreadTeam(4)) team.Run(new CaptureJob(threads));
        Assert.Same(Thread.CurrentThread, threads[0]);
        Assert.Equal(4, threads.Distinct().Count());
        Assert.All(threads[1..], thread => Assert.False(thread.IsAlive));
    }

    private readonly struct CountJob(long[] counts, int section) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            if (counts[thread] == section - 1 && threads == counts.Length) counts[thread]++;
        }
    }

    private readonly struct CaptureJob(Thread[] seen) : IParallelJob
    {
        public void Execute(int thread, int threads) => seen[thread] = Thread.CurrentThread;
    }

    private readonly struct FaultyJob(int faulty) : IParallelJob
    {
        public void Execute(int thread, int threads)
        {
            if (thread == faulty) throw new InvalidOperationException("the model computed NaN");
        }
    }
}
