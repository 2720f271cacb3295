namespace RftAspire.Engine.Tests;

/// <summary>The data folder beside the repository; RFT_SHARED names another place.</summary>
internal static class SharedData
{
    public static string? Root { get; } = Find();

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("RFT_SHARED") is { Length: > 0 } configured) return configured;
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "RftAspire.sln"))) folder = folder.Parent;
        var shared = folder?.Parent is { } parent ? Path.Combine(parent.FullName, "shared") : null;
        return Directory.Exists(shared) ? shared : null;
    }
}

/// <summary>A test on shared data, skipped with a reason where the data is absent.</summary>
public sealed class SharedDataFactAttribute : FactAttribute
{
    public SharedDataFactAttribute()
    {
        if (SharedData.Root is null) Skip = "needs ../shared beside the repository, or RFT_SHARED";
    }
}

/// <summary>A theory on shared data, skipped with a reason where the data is absent.</summary>
public sealed class SharedDataTheoryAttribute : TheoryAttribute
{
    public SharedDataTheoryAttribute()
    {
        if (SharedData.Root is null) Skip = "needs ../shared beside the repository, or RFT_SHARED";
    }
}
