using System.Buffers.Binary;
using System.Text.Json;

namespace RftAspire.Jobs.Models;

/// <summary>
/// Counts parameters from the headers of a model's safetensors files. Eight bytes of length, then that much JSON: a shape per
/// tensor; no weights are read.
/// </summary>
public static class SafetensorsHeader
{
    private const ulong LargestHeader = 64 << 20;

    /// <summary>Elements of all tensors in the folder's <c>*.safetensors</c> files.</summary>
    public static long CountParameters(string folder) =>
        Directory.EnumerateFiles(folder, "*.safetensors").Sum(CountInFile);

    private static long CountInFile(string path)
    {
        using var file = File.OpenRead(path);
        using var header = ReadHeader(file, path);
        return header.RootElement.EnumerateObject()
            .Where(tensor => tensor.Name != "__metadata__")
            .Sum(tensor => tensor.Value.GetProperty("shape").EnumerateArray().Aggregate(1L, (count, side) => checked(count * side.GetInt64())));
    }

    private static JsonDocument ReadHeader(FileStream file, string path)
    {
        Span<byte> length = stackalloc byte[8];
        file.ReadExactly(length);
        var size = BinaryPrimitives.ReadUInt64LittleEndian(length);
        if (size > LargestHeader) throw new InvalidDataException($"{path}: a header of {size} bytes is no safetensors header");
        var json = new byte[size];
        file.ReadExactly(json);
        return JsonDocument.Parse(json);
    }
}
