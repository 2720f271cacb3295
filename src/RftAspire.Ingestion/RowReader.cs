using System.Text.Json;
using RftAspire.Contracts;

namespace RftAspire.Ingestion;

/// <summary>A line that is not blank. <see cref="Value"/> and <see cref="Messages"/> are sound unless a fault rejects the row.</summary>
internal readonly record struct DatasetRow(int Line, JsonElement Value, PromptMessage[] Messages, IReadOnlyList<Fault> Faults)
{
    /// <summary>Places of the assistant's messages that are learned, where the rows are to have some.</summary>
    public int[]? Learned { get; init; }

    public bool IsSound => !Faults.Any(fault => fault.Rejects);
}

/// <summary>Reads a dataset row by row; a row's value stands until the next row is read.</summary>
internal sealed class RowReader(DatasetCheckOptions options)
{
    private static readonly JsonDocumentOptions s_json = new() { MaxDepth = StrictJson.MaxDepth };

    /// <summary>Lines seen so far, blank ones too.</summary>
    public int Lines { get; private set; }

    public IEnumerable<DatasetRow> Read(Stream stream)
    {
        var rows = 0;
        foreach (var line in new LineReader(stream, options.MaxLineBytes).Read())
        {
            Lines = line.Number;
            var bytes = line.Bytes;
            var faults = new List<Fault>();
            if (line.Number == 1) bytes = SkipMark(bytes, faults);
            if (!line.TooLong && IsBlank(bytes.Span)) continue;
            if (FindFault(line, bytes, isFirst: rows++ == 0) is { } fault)
            {
                yield return new DatasetRow(line.Number, default, [], [.. faults, fault]);
                if (fault.EndsFile) yield break;
                continue;
            }
            using var document = JsonDocument.Parse(bytes, s_json);
            var messages = MessageReader.Read(document.RootElement, options.Answered ? "assistant" : "user", options.MaxPromptBytes, faults);
            var row = new DatasetRow(line.Number, document.RootElement, messages, faults);
            yield return options.Answered && row.IsSound ? row with { Learned = LearnedMessages.Find(row, faults) } : row;
        }
    }

    private static ReadOnlyMemory<byte> SkipMark(ReadOnlyMemory<byte> bytes, List<Fault> faults)
    {
        if (!bytes.Span.StartsWith("\uFEFF"u8)) return bytes;
        faults.Add(new Fault("bom", "a UTF-8 byte order mark precedes the first row and was skipped; save the file without it", Rejects: false));
        return bytes[3..];
    }

    private static bool IsBlank(ReadOnlySpan<byte> bytes) => bytes.TrimStart(" \t\r"u8).IsEmpty;

    private Fault? FindFault(DatasetLine line, ReadOnlyMemory<byte> bytes, bool isFirst)
    {
        if (line.TooLong) return new Fault("line_too_long", $"the line has more than {options.MaxLineBytes} bytes; shorten the row or split the file into lines");
        if (isFirst && bytes.Span is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..])
            return new Fault("not_utf8", "the file is UTF-16; save it as UTF-8", EndsFile: true);
        var fault = StrictJson.FindFault(bytes.Span);
        return isFirst && fault is { Code: "invalid_json" } && bytes.Span.TrimStart(" \t\r"u8)[0] == '['
            ? new Fault("not_json_lines", "the file is one JSON array over several lines; write one object a line, without the array around them", EndsFile: true)
            : fault;
    }
}
