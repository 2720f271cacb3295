namespace RftAspire.Engine.Tokenization;

/// <summary>Finds added tokens in a text: the leftmost, and of several at one place the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Dictionary<char, AddedToken[]> byFirstChar;
    private readonly System.Buffers.SearchValues<char> firstChars;

    public AddedTokenMatcher(IEnumerable<AddedToken> tokens)
    {
        byFirstChar = tokens.GroupBy(token => token.Content[0])
            .ToDictionary(group => group.Key, group => group.OrderByDescending(token => token.Content.Length).ToArray());
        firstChars = System.Buffers.SearchValues.Create([.. byFirstChar.Keys]);
    }

    /// <summary>The first match at or after the position, or null.</summary>
    public (int Start, AddedToken Token)? Next(string text, int position)
    {
        while (position < text.Length)
        {
            var found = text.AsSpan(position).IndexOfAny(firstChars);
            if (found < 0) return null;
            position += found;
            foreach (var token in byFirstChar[text[position]])
                if (text.AsSpan(position).StartsWith(token.Content, StringComparison.Ordinal)) return (position, token);
            position++;
        }
        return null;
    }
}
