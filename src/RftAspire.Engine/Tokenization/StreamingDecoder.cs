using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Decodes tokens one by one: bytes of a character that is not yet whole are held back, so that the parts put together are exactly
/// what <see cref="BpeTokenizer.Decode"/> gives. Not for use by several threads at once.
/// </summary>
public sealed class StreamingDecoder
{
    private readonly BpeTokenizer tokenizer;
    private readonly Decoder utf8 = Encoding.UTF8.GetDecoder();
    private readonly char stripped;
    private int toStrip;
    private bool started;

    public StreamingDecoder(BpeTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        this.tokenizer = tokenizer;
        if (tokenizer.StripStart is var (character, most)) (stripped, toStrip) = (character, most);
    }

    /// <summary>The text that this token completes, often empty; an id without a token completes none.</summary>
    public string Append(int id)
    {
        var bytes = tokenizer.BytesOf(id, first: !started);
        started |= tokenizer.IdToToken(id) is not null;
        return Take(bytes, flush: false);
    }

    /// <summary>What is left at the end: U+FFFD for a character that stayed incomplete.</summary>
    public string Flush() => Take([], flush: true);

    private string Take(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[utf8.GetCharCount(bytes, flush)];
        var text = chars.AsSpan(0, utf8.GetChars(bytes, chars, flush));
        while (toStrip > 0 && text.Length > 0)
        {
            // Whatever else comes first ends the start of the text.
            toStrip = text[0] == stripped ? toStrip - 1 : 0;
            if (text[0] == stripped) text = text[1..];
        }
        return new string(text);
    }
}
