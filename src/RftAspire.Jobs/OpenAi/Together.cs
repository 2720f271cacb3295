using System.Threading.Channels;

namespace RftAspire.Jobs.OpenAi;

/// <summary>Several streams as one.</summary>
internal static class Together
{
    /// <summary>Everything as it comes, with the place of its stream; the first failure ends all.</summary>
    public static async IAsyncEnumerable<(int Source, T Item)> Merge<T>(IReadOnlyList<IAsyncEnumerable<T>> sources)
    {
        using var leaving = new CancellationTokenSource();
        var items = Channel.CreateBounded<(int, T)>(1);
        var pumps = Task.WhenAll(sources.Select((source, i) => PumpAsync(source, i)));
        _ = pumps.ContinueWith(_ => items.Writer.TryComplete(), TaskScheduler.Default);
        try
        {
            await foreach (var item in items.Reader.ReadAllAsync()) yield return item;
        }
        finally
        {
            await leaving.CancelAsync();
            await pumps.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task PumpAsync(IAsyncEnumerable<T> source, int i)
        {
            try
            {
                await foreach (var item in source.WithCancellation(leaving.Token)) await items.Writer.WriteAsync((i, item), leaving.Token);
            }
            catch (Exception failure) when (!leaving.IsCancellationRequested)
            {
                items.Writer.TryComplete(failure);
                throw;
            }
        }
    }
}
