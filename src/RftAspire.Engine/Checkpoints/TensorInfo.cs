namespace RftAspire.Engine.Checkpoints;

/// <summary>One tensor of a safetensors file: its bytes are [Begin, End) from the start of the file.</summary>
public sealed record TensorInfo
{
    public required string Name { get; init; }
    public required DType DType { get; init; }
    public required long[] Shape { get; init; }
    public required long Begin { get; init; }
    public required long End { get; init; }

    public long Count => (End - Begin) / DType.ByteSize();
}
