using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Learns a byte-level BPE vocabulary: the most frequent pair of neighbours becomes a token, again and again. Equal counts are
/// decided by the smaller ids, so the same texts give the same vocabulary everywhere.
/// </summary>
public static class BpeTrainer
{
    /// <summary>
    /// Ids are the special tokens, then the 256 bytes, then the merges. Pieces of a boosted text count as many times more as its
    /// value says. The vocabulary stays smaller than asked for where no pair occurs twice any more.
    /// </summary>
    public static BpeTokenizer Train(IEnumerable<string> texts, int vocabSize, IReadOnlyList<string> specialTokens,
        IReadOnlyDictionary<string, int>? boostedWords = null)
    {
        CheckSpecials(specialTokens);
        var least = 256 + specialTokens.Count;
        if (vocabSize < least) throw new ArgumentOutOfRangeException(nameof(vocabSize), vocabSize, $"256 bytes and {specialTokens.Count} special tokens need {least}");
        var words = new WordCounts(new SplitRule(SplitRule.WordPattern));
        foreach (var text in texts) words.Add(text, 1);
        foreach (var (text, extra) in boostedWords ?? new Dictionary<string, int>()) words.Add(text, extra);

        var vocabulary = new Vocabulary(specialTokens);
        var pairs = new PairCounts(words.Select(word => (vocabulary.Bytes(word.Key), word.Value)));
        var merges = new List<(string, string)>();
        while (vocabulary.Count < vocabSize && pairs.TakeMostFrequent() is var (left, right))
        {
            if (vocabulary.Join(left, right) is not { } id) continue;
            merges.Add((vocabulary[left], vocabulary[right]));
            pairs.Merge(left, right, id);
        }
        return new BpeTokenizer(new TokenizerDefinition
        {
            Vocabulary = vocabulary.ToIds(),
            Merges = merges,
            AddedTokens = [.. specialTokens.Select((token, id) => new AddedToken(id, token, Special: true))],
        }.WithByteLevel(SplitRule.WordPattern), "trained tokenizer");
    }

    private static void CheckSpecials(IReadOnlyList<string> specialTokens)
    {
        for (var i = 0; i < specialTokens.Count; i++)
            if (specialTokens[i].Length < 2 || specialTokens.Take(i).Contains(specialTokens[i]))
                throw new ArgumentException($"special token '{specialTokens[i]}' is repeated or shorter than two characters", nameof(specialTokens));
    }

    /// <summary>Tokens by id while training.</summary>
    private sealed class Vocabulary
    {
        private readonly List<string> tokens;
        private readonly Dictionary<string, int> ids;
        private readonly int specials;

        public Vocabulary(IReadOnlyList<string> specialTokens)
        {
            specials = specialTokens.Count;
            tokens = [.. specialTokens, .. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Char((byte)value).ToString())];
            ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id, StringComparer.Ordinal);
        }

        public int Count => tokens.Count;

        public string this[int id] => tokens[id];

        /// <summary>The id of the joined token, or null where plain text would turn into a special token.</summary>
        public int? Join(int left, int right)
        {
            var token = tokens[left] + tokens[right];
            if (ids.TryGetValue(token, out var known)) return known < specials ? null : known;
            ids.Add(token, tokens.Count);
            tokens.Add(token);
            return tokens.Count - 1;
        }

        public int[] Bytes(string word)
        {
            var utf8 = Encoding.UTF8.GetBytes(word);
            return [.. utf8.Select(value => specials + value)];
        }

        public Dictionary<string, int> ToIds() => ids;
    }
}
