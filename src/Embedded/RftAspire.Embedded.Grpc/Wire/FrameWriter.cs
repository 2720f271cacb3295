using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace RftAspire.Embedded.Grpc.Wire;

/// <summary>Writes messages as gRPC frames: a flag byte, the length in four bytes, the payload.</summary>
internal sealed class FrameWriter(IBufferWriter<byte> output, int? maxSize) : SerializationContext
{
    internal const int HeaderSize = 5;

    private ArrayBufferWriter<byte>? _unsized;
    private bool _sized;
    private bool _complete;

    /// <summary>A serializer failed after the header was out: the stream cannot be mended.</summary>
    public bool Torn { get; private set; }

    public void Write<T>(Marshaller<T> marshaller, T message)
    {
        (_unsized, _sized, _complete) = (null, false, false);
        try
        {
            marshaller.ContextualSerializer(message, this);
        }
        finally
        {
            Torn |= _sized && !_complete;
        }
        if (!_complete)
        {
            throw new InvalidOperationException($"The serializer of {typeof(T).Name} did not complete its message.");
        }
    }

    public override void SetPayloadLength(int payloadLength)
    {
        WriteHeader(payloadLength);
        _sized = true;
    }

    public override IBufferWriter<byte> GetBufferWriter() =>
        _sized ? output : _unsized ??= new ArrayBufferWriter<byte>();

    public override void Complete()
    {
        if (!_sized)
        {
            var payload = _unsized is null ? [] : _unsized.WrittenSpan;
            WriteHeader(payload.Length);
            output.Write(payload);
        }
        _complete = true;
    }

    public override void Complete(byte[] payload)
    {
        WriteHeader(payload.Length);
        output.Write(payload);
        _complete = true;
    }

    private void WriteHeader(int length)
    {
        if (length > maxSize)
        {
            throw GrpcFailure.TooLarge("send", length, maxSize.Value);
        }
        // An array grows once to the right size; a pipe takes the payload in segments of its own.
        var header = output.GetSpan(output is PipeWriter ? HeaderSize : HeaderSize + length);
        header[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], length);
        output.Advance(HeaderSize);
    }
}
