using System.Diagnostics;
using System.Text.Json;

namespace RftAspire.ForeignClients;

/// <summary>A fact that needs Node.js and the packages of tests/foreign-clients/node, which it installs if it can.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodeFactAttribute : FactAttribute
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Lazy<string?> Obstacle = new(() => Task.Run(FindObstacleAsync).GetAwaiter().GetResult());

    public NodeFactAttribute() => Skip = Obstacle.Value;

    public static string Repository { get; } = FindRepository(AppContext.BaseDirectory);

    private static string Folder => Path.Combine(Repository, "tests", "foreign-clients", "node");

    public static async Task<(int Exit, string Output)> RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var timeout = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, process.ExitCode == 0 ? await output : await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"{command} did not end within {Patience}.");
        }
    }

    private static async Task<string?> FindObstacleAsync()
    {
        if (!OnPath("node"))
        {
            return "Node.js is not installed: no 'node' on PATH.";
        }
        if (IsInstalled())
        {
            return null;
        }
        if (!OnPath("npm"))
        {
            return $"{Folder}/node_modules lacks packages and there is no 'npm' on PATH to install them.";
        }
        var (exit, output) = await RunAsync("npm", "ci", "--ignore-scripts");
        return exit == 0 ? null : $"'npm ci' in {Folder} failed: {output}";
    }

    // Folders that an earlier version of the list has left may lack newer packages.
    private static bool IsInstalled()
    {
        using var list = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "package.json")));
        return list.RootElement.GetProperty("dependencies").EnumerateObject()
            .All(package => File.Exists(Path.Combine(Folder, "node_modules", package.Name, "package.json")));
    }

    private static bool OnPath(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, command)));

    private static string FindRepository(string folder) =>
        File.Exists(Path.Combine(folder, "RftAspire.sln"))
            ? folder
            : FindRepository(Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("RftAspire.sln was not found."));
}
