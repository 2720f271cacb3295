using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Orchestration;

/// <summary>The folder where servers keep their data and generated secrets are kept between runs; readable by its owner alone.</summary>
internal sealed class DataDirectory(string path)
{
    public const string Setting = "Hosting:DataDirectory";
    private static readonly Lock SecretsGate = new();
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path { get; } = path;

    public static DataDirectory Of(IConfiguration configuration, string appHostDirectory) =>
        new(System.IO.Path.GetFullPath(configuration[Setting] ?? ".aspire-data", appHostDirectory));

    /// <summary>A folder of its own for a resource.</summary>
    public string Folder(string name) =>
        Directory.CreateDirectory(System.IO.Path.Combine(Create(), name), OwnerOnly | UnixFileMode.UserExecute).FullName;

    /// <summary>A value that is generated at first use and stays.</summary>
    public string Secret(string name, Func<string> generate)
    {
        lock (SecretsGate)
        {
            var file = System.IO.Path.Combine(Create(), "secrets.json");
            var secrets = File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))! : [];
            if (secrets.TryGetValue(name, out var known)) return known;
            secrets[name] = generate();
            WritePrivately(file, JsonSerializer.Serialize(secrets));
            return secrets[name];
        }
    }

    /// <summary>Claims the folder for this host; the kernel gives the claim back when the host ends, however it ends.</summary>
    public FileStream Lock()
    {
        var file = System.IO.Path.Combine(Create(), "host.lock");
        var owner = System.IO.Path.Combine(Path, "host.pid");
        try
        {
            var held = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return held;
        }
        catch (IOException)
        {
            var pid = File.Exists(owner) ? File.ReadAllText(owner) : "unknown";
            throw new DistributedApplicationException(
                $"Data directory '{Path}' is in use by another host (process {pid}): stop that one, or set {Setting} to another folder.");
        }
    }

    /// <summary>Writes a file that only its owner can read and that is either whole or absent.</summary>
    public static void WritePrivately(string file, string content)
    {
        var temporary = file + ".tmp";
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly }))
        using (var writer = new StreamWriter(stream))
        {
            writer.Write(content);
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }
        File.Move(temporary, file, overwrite: true);
    }

    private string Create()
    {
        try
        {
            return Directory.CreateDirectory(Path, OwnerOnly | UnixFileMode.UserExecute).FullName;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new DistributedApplicationException($"Cannot create data directory '{Path}': {failure.Message} Set {Setting} to a folder that can be written.", failure);
        }
    }
}
