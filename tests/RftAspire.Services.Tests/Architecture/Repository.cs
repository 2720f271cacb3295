namespace RftAspire.Services.Tests.Architecture;

internal static class Repository
{
    /// <summary>The folder that holds the solution file.</summary>
    public static DirectoryInfo Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    private static DirectoryInfo FindRoot(DirectoryInfo folder) =>
        File.Exists(Path.Combine(folder.FullName, "RftAspire.sln")) ? folder : FindRoot(folder.Parent!);
}
