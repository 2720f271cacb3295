using System.Diagnostics;

namespace RftAspire.ForeignClients;

/// <summary>A fact that needs the distribution's Python with its gRPC package (Debian: python3-grpcio).</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PythonFactAttribute : FactAttribute
{
    private const string Python = "/usr/bin/python3";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(4);
    private static readonly Lazy<string?> s_obstacle = new(() => Task.Run(FindObstacleAsync).GetAwaiter().GetResult());

    public PythonFactAttribute() => Skip = s_obstacle.Value;

    /// <summary>Runs a script of tests/foreign-clients/python.</summary>
    public static Task<(int Exit, string Output)> RunAsync(string script, params string[] arguments) =>
        StartAsync([Path.Combine(NodeFactAttribute.Repository, "tests", "foreign-clients", "python", script), .. arguments]);

    private static async Task<(int Exit, string Output)> StartAsync(string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var timeout = new CancellationTokenSource(s_patience);
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(timeout.Token), process.StandardError.ReadToEndAsync(timeout.Token));
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, process.ExitCode == 0 ? await output : await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, $"{arguments[0]} did not end within {s_patience}.");
        }
    }

    private static async Task<string?> FindObstacleAsync()
    {
        if (!File.Exists(Python)) return $"{Python} is not there.";
        var (exit, _) = await StartAsync(["-c", "import grpc, google.protobuf"]);
        return exit == 0 ? null : $"{Python} has no gRPC package: install python3-grpcio.";
    }
}
