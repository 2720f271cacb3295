namespace Aspire.Hosting.Orchestration;

/// <summary>Finds programs as a shell does.</summary>
internal static class Programs
{
    public static string? Find(string program, string workingDirectory = "/")
    {
        if (program.Contains('/'))
        {
            var path = Path.GetFullPath(program, workingDirectory);
            return File.Exists(path) ? path : null;
        }
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
    }
}
