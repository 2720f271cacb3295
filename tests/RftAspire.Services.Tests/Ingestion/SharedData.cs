using RftAspire.Services.Tests.Architecture;

namespace RftAspire.Services.Tests.Ingestion;

/// <summary>Data sets that lie beside the repository on machines that have them.</summary>
internal static class SharedData
{
    private static readonly string s_root =
        Environment.GetEnvironmentVariable("RFT_SHARED") ?? Path.Combine(Repository.Root.Parent!.FullName, "shared");

    public static string? SkipReason { get; } = Directory.Exists(Path.Combine(s_root, "data"))
        ? null
        : $"there is no {s_root}/data; set RFT_SHARED to the folder that has it";

    public static string File(string name) => Path.Combine(s_root, "data", name);
}

/// <summary>A test on shared data; skipped where there is none.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute() => Skip = SharedData.SkipReason;
}

/// <summary>A test on shared data; skipped where there is none.</summary>
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute() => Skip = SharedData.SkipReason;
}
