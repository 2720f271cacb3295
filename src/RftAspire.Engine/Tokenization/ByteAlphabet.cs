using System.Text;

namespace RftAspire.Engine.Tokenization;

/// <summary>
/// The printable spelling of bytes in byte-level vocabularies: printable Latin-1 bytes stand for themselves, the other 68 are
/// U+0100 and up in order, so that a space reads as 'Ġ'.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] CharOf = MakeChars();
    private static readonly Dictionary<char, byte> ByteOf = Enumerable.Range(0, 256).ToDictionary(b => CharOf[b], b => (byte)b);

    public static char Char(byte value) => CharOf[value];

    /// <summary>Spells the text's UTF-8 bytes and returns how many they are.</summary>
    public static int Spell(ReadOnlySpan<char> text, Span<char> into)
    {
        Span<byte> utf8 = stackalloc byte[4];
        var length = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAscii(text[i]))
            {
                into[length++] = CharOf[text[i]];
                continue;
            }
            Rune.DecodeFromUtf16(text[i..], out var rune, out var units);
            foreach (var value in utf8[..rune.EncodeToUtf8(utf8)]) into[length++] = CharOf[value];
            i += units - 1;
        }
        return length;
    }

    /// <summary>The bytes that a vocabulary entry stands for; one that is not spelt in the alphabet stands for its own UTF-8.</summary>
    public static byte[] Bytes(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
            if (!ByteOf.TryGetValue(token[i], out bytes[i])) return Encoding.UTF8.GetBytes(token);
        return bytes;
    }

    private static char[] MakeChars()
    {
        var chars = new char[256];
        var next = 0x100;
        for (var value = 0; value < 256; value++)
            chars[value] = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : (char)next++;
        return chars;
    }
}
