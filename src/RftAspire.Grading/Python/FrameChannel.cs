using System.Buffers.Binary;
using System.Text.Json;

namespace RftAspire.Grading.Python;

/// <summary>The service's end of a worker's channel: a length of 4 bytes, most significant first, then JSON.</summary>
internal sealed class FrameChannel(Stream requests, Stream answers)
{
    // A worker's answers are at most a few thousand bytes; more is written by its grader.
    private const int MaxAnswer = 64 << 10;
    private int _answered;

    public async Task SendAsync(ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, json.Length);
        await requests.WriteAsync(length, cancellation);
        await requests.WriteAsync(json, cancellation);
        await requests.FlushAsync(cancellation);
    }

    /// <summary>Throws <see cref="EndOfStreamException"/> where the worker has ended, <see cref="InvalidDataException"/> for what it would not write.</summary>
    public async Task<JsonElement> ReceiveAsync(CancellationToken cancellation)
    {
        var length = new byte[4];
        await answers.ReadExactlyAsync(length, cancellation);
        var size = BinaryPrimitives.ReadInt32BigEndian(length);
        if (size is < 0 or > MaxAnswer) throw new InvalidDataException($"an answer of {size} bytes");
        var json = new byte[size];
        await answers.ReadExactlyAsync(json, cancellation);
        return Read(json);
    }

    private JsonElement Read(byte[] json)
    {
        try
        {
            var answer = JsonElement.Parse(json);
            if (answer.GetProperty("number").GetInt32() == _answered++) return answer;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"an answer that is no answer: {error.Message}", error);
        }
        throw new InvalidDataException("an answer out of turn");
    }
}
