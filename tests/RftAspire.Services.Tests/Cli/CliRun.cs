using System.Text.Json;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

/// <summary>One command run in this process: its exit code and what it printed.</summary>
public sealed record CliRun(int Code, string Out, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Out).RootElement;

    public static Task<CliRun> OfAsync(params string[] args) => OfAsync(args, workingDirectory: null);

    public static Task<CliRun> OfAsync(
        string[] args, string? workingDirectory, CancellationToken cancellationToken = default, params (string Name, string Value)[] variables) =>
        OfAsync(args, TextReader.Null, workingDirectory, cancellationToken, variables);

    public static async Task<CliRun> OfAsync(
        string[] args, TextReader input, string? workingDirectory, CancellationToken cancellationToken = default, params (string Name, string Value)[] variables)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var surroundings = new Surroundings
        {
            In = input,
            Out = output,
            Error = error,
            WorkingDirectory = workingDirectory ?? AppContext.BaseDirectory,
            Variable = name => variables.FirstOrDefault(variable => variable.Name == name).Value,
        };
        var code = await CommandLine.RunAsync(args, surroundings, cancellationToken);
        return new(code, output.ToString(), error.ToString());
    }
}

/// <summary>A folder that goes away with the test.</summary>
public sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("rft-cli-").FullName;

    public string Write(string name, string content)
    {
        var file = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
