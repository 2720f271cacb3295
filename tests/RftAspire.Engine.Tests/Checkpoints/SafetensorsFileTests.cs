using System.Text;
using FsCheck;
using FsCheck.Fluent;
using RftAspire.Engine.Checkpoints;

namespace RftAspire.Engine.Tests.Checkpoints;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Write_F32_ReadsBackBitForBit()
    {
        float[] values = [0f, -0f, 1.5f, float.MaxValue, float.Epsilon, float.NaN];
        var path = folder.File("f32.safetensors");
        SafetensorsFile.Write(path, [new("b", [2, 3], values), new("a", [], [7f]), new("empty", [0, 4], [])], DType.F32);

        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["a", "b", "empty"], file.Tensors.Keys);
        Assert.Equal([2L, 3L], file.Tensors["b"].Shape);
        Assert.Equal(values.Select(BitConverter.SingleToInt32Bits), file.ReadFloats("b").Select(BitConverter.SingleToInt32Bits));
        Assert.Equal([7f], file.ReadFloats("a"));
        Assert.Empty(file.ReadFloats("empty"));
    }

    [Theory]
    [InlineData(DType.F16)]
    [InlineData(DType.BF16)]
    public void Write_EveryStoredPattern_SurvivesReadAndWrite(DType type)
    {
        var values = Enumerable.Range(0, 1 << 16).Select(bits => type == DType.BF16
            ? FloatFormats.FromBFloat16((ushort)bits)
            : (float)BitConverter.UInt16BitsToHalf((ushort)bits)).ToArray();
        var path = folder.File("all.safetensors");
        SafetensorsFile.Write(path, [new("x", [values.Length], values)], type);

        using var file = SafetensorsFile.Open(path);
        var read = file.ReadFloats("x");
        for (var i = 0; i < values.Length; i++)
            Assert.True(float.IsNaN(values[i]) ? float.IsNaN(read[i]) : read[i].Equals(values[i]), $"pattern {i:x4}");
    }

    [Theory]
    [InlineData(0x3f808000, 0x3f80)] // exactly half way, down to even
    [InlineData(0x3f818000, 0x3f82)] // exactly half way, up to even
    [InlineData(0x3f808001, 0x3f81)]
    [InlineData(0x3f807fff, 0x3f80)]
    [InlineData(0x7f800000, 0x7f80)] // infinity stays
    [InlineData(0x7f800001, 0x7fc0)] // a NaN does not become infinity
    public void ToBFloat16_Ties_GoToEven(int bits, int expected) =>
        Assert.Equal(expected, FloatFormats.ToBFloat16(BitConverter.Int32BitsToSingle(bits)));

    [Fact]
    public void ToBFloat16_AnyFloat_IsANearestNeighbour() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), bits =>
    {
        var value = BitConverter.Int32BitsToSingle(bits);
        var rounded = FloatFormats.ToBFloat16(value);
        var error = Math.Abs((double)FloatFormats.FromBFloat16(rounded) - value);
        var neighbours = new[] { (ushort)(rounded - 1), (ushort)(rounded + 1) }.Select(FloatFormats.FromBFloat16).Where(float.IsFinite);
        return !float.IsFinite(value) || neighbours.All(other => Math.Abs((double)other - value) >= error);
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(DType.F16, 70_000f)]
    [InlineData(DType.BF16, 3.4028e38f)]
    public void Write_ValueBeyondTheType_NamesTensorAndLeavesNoFile(DType type, float value)
    {
        var fault = Assert.Throws<CheckpointException>(() =>
            SafetensorsFile.Write(folder.File("x.safetensors"), [new("big", [1], [value])], type));
        Assert.Contains("'big'", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Write_AnyOrderOfTensorsAndMetadata_GivesTheSameAlignedBytes()
    {
        StoredTensor[] tensors = [new("z", [1], [1f]), new("B", [1], [2f]), new("é", [1], [3f])];
        var metadata = new Dictionary<string, string> { ["step"] = "3", ["format"] = "pt" };
        SafetensorsFile.Write(folder.File("1"), tensors, DType.BF16, metadata);
        SafetensorsFile.Write(folder.File("2"), tensors.Reverse(), DType.BF16, metadata.Reverse().ToDictionary());

        var bytes = File.ReadAllBytes(folder.File("1"));
        Assert.Equal(bytes, File.ReadAllBytes(folder.File("2")));
        Assert.Equal(0UL, BitConverter.ToUInt64(bytes) % 8);
        using var file = SafetensorsFile.Open(folder.File("1"));
        Assert.Equal("3", file.Metadata["step"]);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", 8, "'a' at byte")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "takes 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,4],"data_offsets":[0,8]}}""", 8, "too large")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "-2")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "[8, 0]")]
    [InlineData("""{"a":{"dtype":"X9","shape":[2],"data_offsets":[0,8]}}""", 8, "'X9'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "overlaps")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""[1]""", 0, "not an object")]
    [InlineData("""{"a":""", 0, "JSON")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "__metadata__.k")]
    public void Open_BrokenHeader_SaysWhat(string header, int dataBytes, string expected)
    {
        var path = WriteRaw(Encoding.UTF8.GetBytes(header), (ulong)Encoding.UTF8.GetByteCount(header), dataBytes);
        var fault = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.StartsWith(path, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3UL)]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    public void Open_HeaderLengthBeyondFileOrCap_IsRefused(ulong length)
    {
        var path = WriteRaw("{}"u8.ToArray(), length, 0);
        Assert.Contains("header length", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadFloats_WrongTypeOrName_NamesTensor()
    {
        var header = """{"ids":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"""u8.ToArray();
        using var file = SafetensorsFile.Open(WriteRaw(header, (ulong)header.Length, 8));
        Assert.Equal([0L], file.ReadInt64("ids"));
        Assert.Contains("is I64", Assert.Throws<CheckpointException>(() => file.ReadFloats("ids")).Message, StringComparison.Ordinal);
        Assert.Contains("'x' is missing", Assert.Throws<CheckpointException>(() => file.ReadFloats("x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_OddOffsetIntoLargerBuffer_TakesTheTensorAlone()
    {
        // 57 bytes of header put every value across alignment.
        var header = """{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   """u8.ToArray();
        var path = folder.File("odd.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-2f)]);
        using var file = SafetensorsFile.Open(path);
        var target = new float[4];
        file.Read("x", target.AsSpan(1, 2));
        Assert.Equal([0f, 1.5f, -2f, 0f], target);
        Assert.Contains("has 2 elements, not 4", Assert.Throws<CheckpointException>(() => file.Read("x", target)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_FileCutWhileOpen_NamesFileTensorAndOffset()
    {
        var path = folder.File("cut.safetensors");
        SafetensorsFile.Write(path, [new("big", [4096], new float[4096])], DType.F32);
        using var file = SafetensorsFile.Open(path);
        using (var writer = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) writer.SetLength(100);
        var fault = Assert.Throws<CheckpointException>(() => file.ReadFloats("big"));
        Assert.Equal((path, "big", file.Tensors["big"].Begin), (fault.File, fault.Tensor, fault.Offset));
        Assert.Contains("was cut from", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_RandomMutations_ThrowNothingButCheckpointException()
    {
        var original = folder.File("original");
        SafetensorsFile.Write(original, [new("first", [2, 3], new float[6]), new("second", [4], new float[4])], DType.F16,
            new Dictionary<string, string> { ["format"] = "pt" });
        var bytes = File.ReadAllBytes(original);
        var random = new Random(7);
        var refused = 0;
        for (var round = 0; round < 1000; round++)
            if (!OpensAndReads(Mutation.Of(bytes, random))) refused++;
        Assert.InRange(refused, 300, 999);
    }

    private bool OpensAndReads(byte[] bytes)
    {
        var path = folder.File("mutated");
        File.WriteAllBytes(path, bytes);
        try
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var name in file.Tensors.Keys) file.ReadFloats(name);
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    private string WriteRaw(byte[] header, ulong length, int dataBytes)
    {
        var path = folder.File("raw.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes(length), .. header, .. new byte[dataBytes]]);
        return path;
    }
}
