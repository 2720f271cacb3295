namespace RftAspire.Engine.Checkpoints;

/// <summary>Element types of the safetensors format; the engine computes in F32 and stores F32, F16 or BF16.</summary>
public enum DType { F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, Bool }

internal static class DTypes
{
    private static readonly Dictionary<string, DType> ByName =
        Enum.GetValues<DType>().ToDictionary(Name, StringComparer.Ordinal);

    public static string Name(this DType type) => type == DType.Bool ? "BOOL" : type.ToString();

    public static bool TryParse(string name, out DType type) => ByName.TryGetValue(name, out type);

    public static int ByteSize(this DType type) => type switch
    {
        DType.F64 or DType.I64 or DType.U64 => 8,
        DType.F32 or DType.I32 or DType.U32 => 4,
        DType.F16 or DType.BF16 or DType.I16 or DType.U16 => 2,
        _ => 1,
    };

    /// <summary>The type's name in the torch_dtype field of a config.json.</summary>
    public static string TorchName(this DType type) => type switch
    {
        DType.F32 => "float32",
        DType.F16 => "float16",
        DType.BF16 => "bfloat16",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "weights are stored as F32, F16 or BF16"),
    };
}
