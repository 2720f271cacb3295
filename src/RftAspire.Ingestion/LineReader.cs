using System.Buffers;

namespace RftAspire.Ingestion;

/// <summary>One line without its line feed; the bytes stand until the next line is read.</summary>
internal readonly record struct DatasetLine(int Number, ReadOnlyMemory<byte> Bytes, bool TooLong);

/// <summary>Splits a stream at line feeds, and at nothing else, holding one line of bounded length.</summary>
internal sealed class LineReader(Stream stream, int maxLineBytes)
{
    private readonly byte[] _chunk = new byte[64 * 1024];
    private readonly ArrayBufferWriter<byte> _line = new();
    private bool _tooLong;

    public IEnumerable<DatasetLine> Read()
    {
        var number = 0;
        var open = false;
        for (var read = stream.Read(_chunk); read > 0; read = stream.Read(_chunk))
        {
            var start = 0;
            for (var end = FindLineFeed(start, read); end >= 0; end = FindLineFeed(start, read))
            {
                Append(start, end);
                yield return Take(++number);
                start = end + 1;
            }
            Append(start, read);
            open = start < read;
        }
        if (open) yield return Take(++number);
    }

    private int FindLineFeed(int start, int end)
    {
        var offset = _chunk.AsSpan(start, end - start).IndexOf((byte)'\n');
        return offset < 0 ? -1 : start + offset;
    }

    private void Append(int start, int end)
    {
        _tooLong |= _line.WrittenCount + (end - start) > maxLineBytes;
        if (!_tooLong) _line.Write(_chunk.AsSpan(start, end - start));
    }

    private DatasetLine Take(int number)
    {
        var line = new DatasetLine(number, _line.WrittenMemory, _tooLong);
        // The bytes stay in place until the next Append; ResetWrittenCount does not clear them.
        _line.ResetWrittenCount();
        _tooLong = false;
        return line;
    }
}
