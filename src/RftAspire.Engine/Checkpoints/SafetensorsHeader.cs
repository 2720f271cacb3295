using System.Text.Json;
using System.Text.Unicode;

namespace RftAspire.Engine.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file, held to the letter of the format: every byte after the header belongs to exactly one
/// tensor, so a damaged or crafted file is refused before anything is read from it.
/// </summary>
internal static class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";
    public const long MaxLength = 100_000_000;
    private const int MaxRank = 16;

    public static void Parse(string file, ReadOnlyMemory<byte> header, long fileLength,
        SortedDictionary<string, TensorInfo> tensors, SortedDictionary<string, string> metadata)
    {
        try
        {
            if (!Utf8.IsValid(header.Span)) throw new CheckpointException(file, "the header is not valid UTF-8");
            using var json = JsonDocument.Parse(header, new JsonDocumentOptions { AllowDuplicateProperties = false });
            ReadEntries(file, json.RootElement, 8 + header.Length, fileLength, tensors, metadata);
        }
        // A lone surrogate in an escaped name surfaces as InvalidOperationException, not as JsonException.
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new CheckpointException(file, $"the header is no valid JSON: {fault.Message}", fault);
        }
        CheckCoverage(file, tensors, 8 + header.Length, fileLength);
    }

    private static void ReadEntries(string file, JsonElement root, long dataStart, long fileLength,
        SortedDictionary<string, TensorInfo> tensors, SortedDictionary<string, string> metadata)
    {
        if (root.ValueKind != JsonValueKind.Object) throw new CheckpointException(file, $"the header is {root.ValueKind}, not an object");
        foreach (var entry in root.EnumerateObject())
        {
            if (entry.Name == MetadataKey) ReadMetadata(file, entry.Value, metadata);
            else tensors.Add(entry.Name, ReadTensor(file, entry.Name, entry.Value, dataStart, fileLength));
        }
    }

    private static void ReadMetadata(string file, JsonElement value, SortedDictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object) throw new CheckpointException(file, $"{MetadataKey} is {value.ValueKind}, not an object");
        foreach (var entry in value.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
                throw new CheckpointException(file, $"{MetadataKey}.{entry.Name} is {entry.Value.ValueKind}, not a string");
            metadata.Add(entry.Name, entry.Value.GetString()!);
        }
    }

    private static TensorInfo ReadTensor(string file, string name, JsonElement value, long dataStart, long fileLength)
    {
        if (value.ValueKind != JsonValueKind.Object) throw Fault(file, name, dataStart, $"the entry is {value.ValueKind}, not an object");
        foreach (var field in value.EnumerateObject())
            if (field.Name is not ("dtype" or "shape" or "data_offsets")) throw Fault(file, name, dataStart, $"unknown field '{field.Name}'");
        var offsets = ReadLongs(file, name, value, "data_offsets", dataStart);
        if (offsets.Length != 2) throw Fault(file, name, dataStart, $"data_offsets has {offsets.Length} numbers, not 2");
        var available = fileLength - dataStart;
        if (offsets[0] > offsets[1] || offsets[1] > available)
            throw Fault(file, name, dataStart, $"data_offsets [{offsets[0]}, {offsets[1]}] do not lie in the {available} bytes of data");
        var info = new TensorInfo
        {
            Name = name,
            DType = ReadDType(file, name, value, dataStart),
            Shape = ReadLongs(file, name, value, "shape", dataStart),
            Begin = dataStart + offsets[0],
            End = dataStart + offsets[1],
        };
        CheckSize(file, info);
        return info;
    }

    private static DType ReadDType(string file, string name, JsonElement value, long dataStart)
    {
        if (!value.TryGetProperty("dtype", out var dtype) || dtype.ValueKind != JsonValueKind.String)
            throw Fault(file, name, dataStart, "dtype is missing or no string");
        return DTypes.TryParse(dtype.GetString()!, out var type)
            ? type
            : throw Fault(file, name, dataStart, $"dtype '{dtype.GetString()}' is not supported");
    }

    private static long[] ReadLongs(string file, string name, JsonElement value, string field, long dataStart)
    {
        if (!value.TryGetProperty(field, out var array) || array.ValueKind != JsonValueKind.Array)
            throw Fault(file, name, dataStart, $"{field} is missing or no array");
        if (array.GetArrayLength() > MaxRank) throw Fault(file, name, dataStart, $"{field} has more than {MaxRank} numbers");
        return [.. array.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var number) && number >= 0
                ? number
                : throw Fault(file, name, dataStart, $"{field} holds {item.GetRawText()}, which is no size"))];
    }

    private static void CheckSize(string file, TensorInfo info)
    {
        // 128-bit, because sixteen sizes of 2^63 would overflow anything smaller long before they are compared.
        UInt128 bytes = (UInt128)info.DType.ByteSize();
        foreach (var size in info.Shape)
        {
            if (size != 0 && bytes > (UInt128)long.MaxValue) throw Fault(file, info.Name, info.Begin, "shape is too large");
            bytes *= (UInt128)size;
        }
        if (bytes != (UInt128)(info.End - info.Begin))
            throw Fault(file, info.Name, info.Begin,
                $"{info.DType.Name()} [{string.Join(", ", info.Shape)}] takes {bytes} bytes but data_offsets span {info.End - info.Begin}");
    }

    private static void CheckCoverage(string file, SortedDictionary<string, TensorInfo> tensors, long dataStart, long fileLength)
    {
        var reached = dataStart;
        foreach (var info in tensors.Values.OrderBy(info => info.Begin).ThenBy(info => info.End))
        {
            if (info.Begin != reached)
                throw Fault(file, info.Name, info.Begin, info.Begin < reached ? "overlaps the tensor before it" : $"leaves a hole from byte {reached}");
            reached = info.End;
        }
        if (reached != fileLength) throw new CheckpointException(file, $"bytes {reached} to {fileLength} belong to no tensor");
    }

    private static CheckpointException Fault(string file, string tensor, long offset, string message) => new(file, tensor, offset, message);
}
