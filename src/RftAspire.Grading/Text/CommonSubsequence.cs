using System.Buffers;
using System.Numerics;

namespace RftAspire.Grading.Text;

/// <summary>
/// Length of the longest common subsequence of two sequences of symbols, 64 cells of the table at a time (Hyyrö, "Bit-parallel LCS-length
/// computation revisited", 2004; the idea is Allison's and Dix's, 1986). Time is (short × long) / 64 steps, memory (short + long).
/// </summary>
internal static class CommonSubsequence
{
    /// <summary>Symbols are numbers from 0 up to, not including, <paramref name="alphabet"/>.</summary>
    public static int Length(ReadOnlySpan<int> one, ReadOnlySpan<int> other, int alphabet)
    {
        if (one.Length > other.Length) return Length(other, one, alphabet);
        var same = one.CommonPrefixLength(other);
        ReadOnlySpan<int> pattern = one[same..], text = other[same..];
        if (pattern.IsEmpty) return same;
        using var run = new Run(text.Length, alphabet);
        for (var start = 0; start < pattern.Length; start += 64)
            same += run.AddRows(pattern[start..Math.Min(start + 64, pattern.Length)], text);
        return same;
    }

    /// <summary>Writes, for every length from 1, the length common to <paramref name="pattern"/> and that much of <paramref name="text"/>.</summary>
    public static void WithPrefixes(ReadOnlySpan<int> pattern, ReadOnlySpan<int> text, int alphabet, Span<int> lengths)
    {
        lengths[..text.Length].Clear();
        using var run = new Run(text.Length, alphabet);
        for (var start = 0; start < pattern.Length; start += 64)
            run.AddRows(pattern[start..Math.Min(start + 64, pattern.Length)], text, lengths);
    }

    // Goes through the text once for each 64 symbols of the pattern, so that only those need masks: a text in which every
    // symbol differs takes no more memory than another. What one pass carries over to the next is a bit per symbol of the text.
    private readonly ref struct Run : IDisposable
    {
        private readonly ulong[] _masks;
        private readonly byte[] _carries;

        public Run(int text, int alphabet)
        {
            _masks = ArrayPool<ulong>.Shared.Rent(alphabet);
            _carries = ArrayPool<byte>.Shared.Rent(text);
            Array.Clear(_masks, 0, alphabet);
            Array.Clear(_carries, 0, text);
        }

        public int AddRows(ReadOnlySpan<int> rows, ReadOnlySpan<int> text, Span<int> lengths = default)
        {
            for (var row = 0; row < rows.Length; row++) _masks[rows[row]] |= 1UL << row;
            var (unmatched, used) = (ulong.MaxValue, rows.Length == 64 ? ulong.MaxValue : (1UL << rows.Length) - 1);
            for (var column = 0; column < text.Length; column++)
            {
                var match = unmatched & _masks[text[column]];
                var sum = unmatched + match;
                var carry = sum < match;
                sum += _carries[column];
                carry |= sum < _carries[column];
                _carries[column] = (byte)(carry ? 1 : 0);
                unmatched = sum | (unmatched & ~match);
                if (!lengths.IsEmpty) lengths[column] += BitOperations.PopCount(~unmatched & used);
            }
            foreach (var symbol in rows) _masks[symbol] = 0;
            return BitOperations.PopCount(~unmatched & used);
        }

        public void Dispose()
        {
            ArrayPool<ulong>.Shared.Return(_masks);
            ArrayPool<byte>.Shared.Return(_carries);
        }
    }
}
