using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace RftAspire.Engine.Checkpoints;

public sealed partial class SafetensorsFile
{
    /// <summary>
    /// Writes the tensors in ordinal order of their names. The same tensors give the same bytes, and the file appears under its
    /// name only when it is whole and on disk.
    /// </summary>
    public static void Write(string path, IEnumerable<StoredTensor> tensors, DType storeAs,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        var sorted = tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).ToArray();
        CheckTensors(path, sorted);
        _ = storeAs.TorchName();
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, ChunkBytes))
            {
                WriteHeader(stream, sorted, storeAs, metadata);
                foreach (var (name, _, values) in sorted) WriteValues(stream, path, name, values(), storeAs);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void CheckTensors(string path, StoredTensor[] sorted)
    {
        for (var i = 0; i < sorted.Length; i++)
        {
            var (name, shape, values) = sorted[i];
            if (name == SafetensorsHeader.MetadataKey) throw new CheckpointException(path, $"'{name}' cannot name a tensor");
            if (i > 0 && sorted[i - 1].Name == name) throw new CheckpointException(path, $"two tensors are named '{name}'");
            if (shape.Aggregate(1L, (product, size) => checked(product * size)) != values().Length)
                throw new CheckpointException(path, $"tensor '{name}' has {values().Length} values for the shape [{string.Join(", ", shape)}]");
        }
    }

    private static void WriteHeader(Stream stream, StoredTensor[] sorted, DType storeAs, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) WriteEntries(json, sorted, storeAs, metadata);
        var padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        stream.Write(BitConverter.GetBytes((ulong)buffer.WrittenCount));
        stream.Write(buffer.WrittenSpan);
    }

    private static void WriteEntries(Utf8JsonWriter json, StoredTensor[] sorted, DType storeAs, IReadOnlyDictionary<string, string>? metadata)
    {
        json.WriteStartObject();
        if (metadata is { Count: > 0 })
        {
            json.WriteStartObject(SafetensorsHeader.MetadataKey);
            foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal)) json.WriteString(key, value);
            json.WriteEndObject();
        }
        var offset = 0L;
        foreach (var (name, shape, values) in sorted)
        {
            json.WriteStartObject(name);
            json.WriteString("dtype", storeAs.Name());
            WriteNumbers(json, "shape", shape);
            WriteNumbers(json, "data_offsets", [offset, offset += (long)values().Length * storeAs.ByteSize()]);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string field, long[] numbers)
    {
        json.WriteStartArray(field);
        foreach (var number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void WriteValues(Stream stream, string path, string name, ReadOnlySpan<float> values, DType storeAs)
    {
        var chunk = new ushort[Math.Min(ChunkBytes / 2, values.Length)];
        for (var done = 0; done < values.Length; done += ChunkBytes / 2)
        {
            var part = values.Slice(done, Math.Min(ChunkBytes / 2, values.Length - done));
            if (storeAs == DType.F32)
            {
                stream.Write(MemoryMarshal.AsBytes(part));
                continue;
            }
            var narrow = chunk.AsSpan(0, part.Length);
            for (var i = 0; i < part.Length; i++) narrow[i] = Narrow(path, name, part[i], storeAs);
            stream.Write(MemoryMarshal.AsBytes(narrow));
        }
    }

    private static ushort Narrow(string path, string name, float value, DType storeAs)
    {
        var (bits, infinite) = storeAs == DType.BF16
            ? (FloatFormats.ToBFloat16(value), !float.IsFinite(FloatFormats.FromBFloat16(FloatFormats.ToBFloat16(value))))
            : (BitConverter.HalfToUInt16Bits((Half)value), !Half.IsFinite((Half)value));
        // A silent infinity would surface far from here, as a NaN loss in the run that loads the file.
        if (infinite && float.IsFinite(value))
            throw new CheckpointException(path, $"tensor '{name}' holds {value}, too large for {storeAs.Name()}: store it as F32");
        return bits;
    }
}
