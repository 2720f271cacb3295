using System.Xml.Linq;

namespace RftAspire.Services.Tests.Architecture;

public sealed class ProjectReferenceTests
{
    private static readonly string[] s_services = ["Jobs", "Ingestion", "Sampling", "Grading", "Judge", "Training"];

    // Services share records, not code; tests may use anything.
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["Embedded.Grpc"] = [],
        ["Embedded.Hosting"] = [],
        ["Engine"] = [],
        ["ServiceDefaults"] = [],
        ["Contracts"] = ["Embedded.Grpc"],
        ["Jobs"] = ["Contracts", "ServiceDefaults"],
        ["Ingestion"] = ["Contracts", "ServiceDefaults"],
        ["Grading"] = ["Contracts", "ServiceDefaults"],
        ["Judge"] = ["Contracts", "ServiceDefaults", "Engine"],
        ["Sampling"] = ["Contracts", "ServiceDefaults", "Engine"],
        ["Training"] = ["Contracts", "ServiceDefaults", "Engine"],
        ["Benchmarks"] = ["Contracts", "Engine", "Grading"],
        ["GrpcGrader"] = ["Contracts"],
        ["Client"] = ["Contracts"],
        ["Cli"] = ["Benchmarks", "Client", "Contracts", "Engine", "Grading", "Ingestion"],
        ["AppHost"] = ["Embedded.Hosting", .. s_services],
    };

    [Fact]
    public void ProjectReferences_OfTheWholeSolution_AreTheAllowedOnes()
    {
        var projects = Repository.Root.EnumerateFiles("*.csproj", SearchOption.AllDirectories)
            .Where(file => !file.FullName.Contains("artifacts", StringComparison.Ordinal) && !file.Name.Contains("Tests", StringComparison.Ordinal)).ToArray();

        Assert.Equal(s_allowed.Keys.Order(), projects.Select(file => Name(file.Name)).Order());
        Assert.All(projects, file => Assert.Empty(References(file).Except(s_allowed[Name(file.Name)])));
    }

    private static IEnumerable<string> References(FileInfo project) => XDocument.Load(project.FullName)
        .Descendants("ProjectReference").Select(reference => Name(reference.Attribute("Include")!.Value.Split('\\', '/')[^1]));

    private static string Name(string file) => file["RftAspire.".Length..^".csproj".Length];
}
