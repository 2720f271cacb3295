using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using Grpc.Core;

namespace RftAspire.Embedded.Grpc.Wire;

/// <summary>Reads gRPC frames and hands their payload to deserializers without copying it.</summary>
internal sealed class FrameReader(PipeReader pipe, string? encoding, int? maxSize) : DeserializationContext
{
    private ReadOnlySequence<byte> _payload;

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    /// <summary>The next message, or null at the end of the stream.</summary>
    public async ValueTask<T?> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        while (true)
        {
            var read = await pipe.ReadAsync(cancellationToken);
            var (consumed, examined) = (read.Buffer.Start, read.Buffer.End);
            try
            {
                if (TryParse(read.Buffer, out var compressed, out var payload))
                {
                    consumed = examined = payload.End;
                    return Deserialize(marshaller, compressed ? Unzip(payload) : payload);
                }
                if (read.IsCompleted)
                {
                    return read.Buffer.IsEmpty ? null : throw GrpcFailure.Malformed("the last message is cut off");
                }
            }
            finally
            {
                pipe.AdvanceTo(consumed, examined);
            }
        }
    }

    /// <summary>The only message of a stream.</summary>
    public async ValueTask<T> ReadSingleAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class
    {
        var message = await ReadAsync(marshaller, cancellationToken)
            ?? throw GrpcFailure.Malformed("a message is missing");
        var rest = await pipe.ReadAtLeastAsync(1, cancellationToken);
        pipe.AdvanceTo(rest.Buffer.End);
        return rest.Buffer.IsEmpty ? message : throw GrpcFailure.Malformed("bytes follow the only message");
    }

    private bool TryParse(ReadOnlySequence<byte> buffer, out bool compressed, out ReadOnlySequence<byte> payload)
    {
        (compressed, payload) = (false, default);
        if (buffer.Length < FrameWriter.HeaderSize)
        {
            return false;
        }
        Span<byte> header = stackalloc byte[FrameWriter.HeaderSize];
        buffer.Slice(0, FrameWriter.HeaderSize).CopyTo(header);
        compressed = header[0] switch
        {
            0 => false,
            1 => true,
            var flag => throw GrpcFailure.Malformed($"a message starts with the flag {flag}, only 0 and 1 exist"),
        };
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)(maxSize ?? int.MaxValue))
        {
            throw GrpcFailure.TooLarge("receive", length, maxSize ?? int.MaxValue);
        }
        if (buffer.Length < FrameWriter.HeaderSize + length)
        {
            return false;
        }
        payload = buffer.Slice(FrameWriter.HeaderSize, length);
        return true;
    }

    private T Deserialize<T>(Marshaller<T> marshaller, ReadOnlySequence<byte> payload)
    {
        _payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(this);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw new RpcException(new Status(
                StatusCode.Internal, $"A message is not a valid {typeof(T).Name}: {e.Message}", e));
        }
        finally
        {
            _payload = default;
        }
    }

    private ReadOnlySequence<byte> Unzip(ReadOnlySequence<byte> payload)
    {
        if (encoding != GrpcHeader.Gzip)
        {
            throw GrpcFailure.Malformed($"a message is compressed but grpc-encoding is '{encoding ?? "absent"}'");
        }
        using var zip = new GZipStream(new MemoryStream(payload.ToArray()), CompressionMode.Decompress);
        var plain = new ArrayBufferWriter<byte>();
        try
        {
            while (zip.Read(plain.GetSpan(4096)) is > 0 and var count)
            {
                plain.Advance(count);
                if (plain.WrittenCount > (maxSize ?? int.MaxValue))
                {
                    throw GrpcFailure.TooLarge("receive", plain.WrittenCount, maxSize!.Value);
                }
            }
        }
        catch (InvalidDataException e)
        {
            throw GrpcFailure.Malformed($"a message is not gzip: {e.Message}");
        }
        return new ReadOnlySequence<byte>(plain.WrittenMemory);
    }
}
