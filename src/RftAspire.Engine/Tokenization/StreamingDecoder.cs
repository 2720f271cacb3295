using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// Decodes tokens one by one: bytes of a character that is not yet whole are held back, so that the parts put together are exactly
/// what <see cref="BpeTokenizer.Decode"/> gives. Not for use by several threads at once.
/// </summary>
/// <remarks>
/// Of a byte-level vocabulary a broken character becomes one U+FFFD. A run of byte tokens such as &lt;0xE4&gt; is text only as a
/// whole, as Hugging Face has it: it is held back until it ends, and becomes one U+FFFD a byte unless all of it is UTF-8.
/// </remarks>
public sealed class StreamingDecoder
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly BpeTokenizer tokenizer;
    private readonly Decoder utf8 = Encoding.UTF8.GetDecoder();
    private readonly List<byte> run = [];
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
        if (tokenizer.IdToToken(id) is null) return "";
        var bytes = tokenizer.BytesOf(id, first: !started);
        started = true;
        if (!tokenizer.IsByte(id)) return Stripped(EndRun() + Text(bytes, flush: false));
        run.AddRange(bytes);
        return "";
    }

    /// <summary>What is left at the end: U+FFFD for a character that stayed incomplete.</summary>
    public string Flush() => Stripped(EndRun() + Text([], flush: true));

    private string Text(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[utf8.GetCharCount(bytes, flush)];
        return new string(chars, 0, utf8.GetChars(bytes, chars, flush));
    }

    private string EndRun()
    {
        if (run.Count == 0) return "";
        byte[] bytes = [.. run];
        run.Clear();
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return new string('\ufffd', bytes.Length);
        }
    }

    private string Stripped(string text)
    {
        var start = 0;
        while (toStrip > 0 && start < text.Length)
        {
            // Whatever else comes first ends the start of the text.
            var strip = text[start] == stripped;
            toStrip = strip ? toStrip - 1 : 0;
            if (strip) start++;
        }
        return text[start..];
    }
}
