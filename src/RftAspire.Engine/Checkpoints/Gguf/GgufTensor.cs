namespace RftAspire.Engine.Checkpoints.Gguf;

/// <summary>Element types of GGUF tensors that are read, by their numbers in the format.</summary>
public enum GgufType
{
    F32 = 0,
    F16 = 1,
    /// <summary>Q8_0: blocks of 32 integers of 8 bits with one scale.</summary>
    Q8 = 8,
    BF16 = 30,
}

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">As in the file.</param>
/// <param name="Type">How its values are stored.</param>
/// <param name="Shape">Row-major: the file's dimensions in reverse.</param>
/// <param name="Begin">Where its bytes begin, from the start of the file.</param>
public sealed record GgufTensor(string Name, GgufType Type, long[] Shape, long Begin)
{
    /// <summary>Values that share a scale in Q8_0.</summary>
    internal const int BlockSize = 32;

    /// <summary>A scale of 16 bits and 32 integers of 8.</summary>
    internal const int BlockBytes = 2 + BlockSize;

    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    internal long Bytes(long values) => Type switch
    {
        GgufType.F32 => 4 * values,
        GgufType.Q8 => values / BlockSize * BlockBytes,
        _ => 2 * values,
    };

    /// <summary>The name of a type of the format, for those that are not read.</summary>
    internal static string NameOf(uint type) => type switch
    {
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        15 => "Q8_K",
        39 => "MXFP4",
        _ => $"type {type}",
    };
}
