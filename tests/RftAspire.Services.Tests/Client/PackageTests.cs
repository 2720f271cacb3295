using System.Diagnostics;
using System.IO.Compression;
using System.Xml.Linq;
using RftAspire.Services.Tests.Architecture;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Client;

/// <summary>The package that others reference; scripts/package.sh builds a program with it.</summary>
public sealed class PackageTests
{
    [Fact]
    public async Task Pack_Client_BringsWhatItReferencesAndNamesWhatItNeeds()
    {
        using var scratch = new ScratchFolder();
        await PackAsync(scratch.Path);

        using var package = ZipFile.OpenRead(Directory.GetFiles(scratch.Path, "*.nupkg").Single());
        using var symbols = ZipFile.OpenRead(Directory.GetFiles(scratch.Path, "*.snupkg").Single());
        string[] projects = ["RftAspire.Client", "RftAspire.Contracts", "RftAspire.Embedded.Grpc"];
        Assert.Equal(
            projects.SelectMany(name => new[] { $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml" }),
            Names(package, "lib/"));
        Assert.Equal(projects.Select(name => $"lib/net10.0/{name}.pdb"), Names(symbols, "lib/"));
        Assert.Contains("README.md", Names(package, ""));

        using var content = package.GetEntry("RftAspire.Client.nuspec")!.Open();
        var manifest = XDocument.Load(content).Root!.Elements().Single();
        string Value(string name) => manifest.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal(("Apache-2.0", "README.md", "RftAspire"), (Value("license"), Value("readme"), Value("authors")));
        Assert.NotEmpty(Value("description"));
        var needed = manifest.Descendants().Where(element => element.Name.LocalName == "dependency").ToDictionary(element => (string)element.Attribute("id")!, element => (string)element.Attribute("version")!);
        Assert.Equal(["Google.Api.CommonProtos", "Google.Protobuf", "Polly.Core"], needed.Keys.Order());
        // An exact version would keep a program from any other.
        Assert.All(needed.Values, version => Assert.DoesNotContain("[", version, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Names(ZipArchive archive, string prefix) =>
        archive.Entries.Select(entry => entry.FullName).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private static async Task PackAsync(string folder)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
        string[] arguments = ["pack", Path.Combine(Repository.Root.FullName, "src", "RftAspire.Client"), "--no-build", "-c", configuration, "-o", folder, "--nologo", "-v", "q", "-nodeReuse:false"];
        using var pack = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, Environment = { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" } })!;
        var said = await pack.StandardOutput.ReadToEndAsync();
        await pack.WaitForExitAsync();
        Assert.True(pack.ExitCode == 0, said);
    }
}
