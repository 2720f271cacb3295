using RftAspire.Engine.Sampling;

namespace RftAspire.Sampling;

/// <summary>A request for a loaded model, before it is in a batch.</summary>
/// <param name="lease">Keeps the model in memory until the work is in a lane; the work takes one of its own.</param>
/// <param name="isChat">Of a chat, not of a prompt group.</param>
/// <param name="enter">What to decode, in a batch of the model's lane. It also says what to do about the end.</param>
/// <param name="failed">Told why there will be no end.</param>
public sealed class DecodingWork(PolicyLease lease, bool isChat, Func<DecodingBatch, BatchEntry> enter, Action<Exception> failed)
{
    public PolicyLease Lease { get; } = lease.Again();
    public bool IsChat => isChat;
    public BatchEntry Entry { get; private set; }
    /// <summary>Nothing more is to be decoded for it.</summary>
    public bool HasEnded { get; private set; }
    /// <summary>Called when its prompt is about to be processed.</summary>
    public Action? Admitted { get; init; }

    /// <summary>Makes the entry; false, and whoever waits told why, when it fits neither model nor cache: those beside it are not at fault.</summary>
    public bool TryEnter(DecodingBatch batch)
    {
        try
        {
            var entry = enter(batch);
            batch.Check(entry.Request);
            Entry = entry with
            {
                Done = completions =>
                {
                    HasEnded = true;
                    entry.Done(completions);
                },
                Failed = Fail,
            };
            return true;
        }
        catch (ArgumentException misfit)
        {
            Fail(misfit);
            return false;
        }
    }

    public void Fail(Exception error)
    {
        HasEnded = true;
        failed(error);
    }
}
