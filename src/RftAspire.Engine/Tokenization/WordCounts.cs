using System.Collections;
using System.Runtime.InteropServices;

namespace RftAspire.Engine.Tokenization;

/// <summary>How often each piece occurs: training looks at the distinct pieces, a hundredth of a language's text.</summary>
internal sealed class WordCounts(SplitRule split) : IEnumerable<KeyValuePair<string, long>>
{
    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly List<(int Start, int End)> pieces = [];

    public void Add(string text, long times)
    {
        text = BpeTokenizer.WellFormed(text);
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        pieces.Clear();
        split.Split(text, 0, text.Length, pieces);
        foreach (var (start, end) in pieces)
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, text.AsSpan(start, end - start), out _) += times;
    }

    public IEnumerator<KeyValuePair<string, long>> GetEnumerator() => counts.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
