using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace RftAspire.Engine.Checkpoints.Gguf;

/// <summary>
/// Reads the head of a GGUF file value after value. Every length is held against the bytes that are left before anything is
/// allocated for it, so what a file makes us take is bounded by the file.
/// </summary>
internal sealed class GgufReader(MappedFile file)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public long Position { get; private set; }

    public unsafe T Next<T>(string what) where T : unmanaged => MemoryMarshal.Read<T>(Bytes(sizeof(T), what));

    /// <summary>A number of things of at least so many bytes each.</summary>
    public int Count(string what, int leastBytes)
    {
        var count = Next<ulong>(what);
        var most = Math.Min((file.Length - Position) / leastBytes, Array.MaxLength);
        return count <= (ulong)most ? (int)count : throw Fault($"{what} = {count} exceeds the {file.Length - Position} bytes that are left");
    }

    public string Text(string what)
    {
        var bytes = Bytes(Count($"the length of {what}", 1), what);
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException fault)
        {
            throw new CheckpointException(file.Path, $"{what} at byte {Position - bytes.Length} is not valid UTF-8", fault);
        }
    }

    /// <summary>A metadata value: long, double, bool or string, or an array of one of these.</summary>
    public object Value(string key)
    {
        var type = Next<uint>($"the type of {key}");
        if (type != 9) return Scalar(type, key);
        var element = Next<uint>($"the element type of {key}");
        var count = Count($"the length of {key}", Size(element, key));
        return element switch
        {
            8 => Repeat(count, () => (string)Scalar(element, key)),
            7 => Repeat(count, () => (bool)Scalar(element, key)),
            6 or 12 => Repeat(count, () => (double)Scalar(element, key)),
            _ => Repeat(count, () => (long)Scalar(element, key)),
        };
    }

    public CheckpointException Fault(string message) => new(file.Path, $"{message} (at byte {Position})");

    private static T[] Repeat<T>(int count, Func<T> next)
    {
        var values = new T[count];
        for (var i = 0; i < count; i++) values[i] = next();
        return values;
    }

    private object Scalar(uint type, string key) => type switch
    {
        0 => (long)Next<byte>(key),
        1 => (long)Next<sbyte>(key),
        2 => (long)Next<ushort>(key),
        3 => (long)Next<short>(key),
        4 => (long)Next<uint>(key),
        5 => (long)Next<int>(key),
        6 => Shortest(Next<float>(key)),
        7 => Next<byte>(key) != 0,
        8 => Text(key),
        10 => Next<ulong>(key) is var big and <= long.MaxValue ? (long)big : throw Fault($"{key} is above {long.MaxValue}"),
        11 => Next<long>(key),
        12 => Next<double>(key),
        _ => throw Unknown(type, key),
    };

    /// <summary>Bytes that a value takes, at least.</summary>
    private int Size(uint type, string key) => type switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        8 or 10 or 11 or 12 => 8,
        _ => throw Unknown(type, key),
    };

    private CheckpointException Unknown(uint type, string key) => Fault(type == 9 ? $"{key} is an array of arrays, which is not supported" : $"{key} has the unknown type {type}");

    /// <summary>The number that was meant: 1e-5, not the float32 nearest to it.</summary>
    private static double Shortest(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private ReadOnlySpan<byte> Bytes(int length, string what)
    {
        if (length > file.Length - Position) throw Fault($"the file ends within {what}");
        var bytes = file.Span<byte>(Position, length);
        Position += length;
        return bytes;
    }
}
