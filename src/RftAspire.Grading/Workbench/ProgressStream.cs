using System.Threading.Channels;
using Grpc.Core;
using RftAspire.Contracts.Grading.V1;

namespace RftAspire.Grading.Workbench;

/// <summary>Carries progress from the threads of a test to a response stream, which takes one message at a time.</summary>
internal sealed class ProgressStream(IServerStreamWriter<TestResponse> responses)
{
    private readonly Channel<TestProgress> _told = Channel.CreateUnbounded<TestProgress>();

    /// <summary>A message for each hundredth part.</summary>
    public void Tell(int done, int total)
    {
        if (done * 100L / total != (done - 1) * 100L / total) _told.Writer.TryWrite(new TestProgress { Done = done, Total = total });
    }

    /// <summary>Writes progress until the test has ended.</summary>
    public async Task<TestReport> DuringAsync(Task<TestReport> test, CancellationToken cancellation)
    {
        _ = test.ContinueWith(_ => _told.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var last = 0;
        await foreach (var progress in _told.Reader.ReadAllAsync(cancellation))
        {
            // Threads may tell out of order.
            if (progress.Done <= last) continue;
            last = progress.Done;
            await responses.WriteAsync(new TestResponse { Progress = progress }, cancellation);
        }
        return await test;
    }
}
