using System.Text;

namespace RftAspire.Grading.Python;

/// <summary>Reads what a worker prints, keeps the end of it, and says when it is too much.</summary>
internal sealed class OutputSink : IDisposable
{
    private const int Kept = 2000;
    // What a pipe holds may have been printed in the call before.
    private const int Slack = 64 << 10;
    private readonly CancellationTokenSource _exceeded = new();
    private readonly Queue<byte> _last = new();
    private readonly long _most;
    private long _printed;

    public OutputSink(Stream output, long most)
    {
        _most = most;
        Drained = DrainAsync(output);
    }

    /// <summary>Set for good when a call has printed too much.</summary>
    public CancellationToken Exceeded => _exceeded.Token;

    /// <summary>Ends when all is read that will ever be printed.</summary>
    public Task Drained { get; }

    /// <summary>The end of what was printed, once <see cref="Drained"/>.</summary>
    public string Last => Encoding.UTF8.GetString([.. _last]).Trim();

    public void BeginCall() => Interlocked.Exchange(ref _printed, 0);

    public void Dispose() => _exceeded.Dispose();

    private async Task DrainAsync(Stream output)
    {
        var buffer = new byte[16 << 10];
        try
        {
            while (await output.ReadAsync(buffer) is > 0 and var read)
            {
                Keep(buffer.AsSpan(0, read));
                if (Interlocked.Add(ref _printed, read) > _most + Slack) await _exceeded.CancelAsync();
            }
        }
        catch (IOException)
        {
            // The pipe broke with the worker.
        }
    }

    private void Keep(ReadOnlySpan<byte> printed)
    {
        foreach (var letter in printed.Length > Kept ? printed[^Kept..] : printed)
        {
            if (_last.Count == Kept) _last.Dequeue();
            _last.Enqueue(letter);
        }
    }
}
