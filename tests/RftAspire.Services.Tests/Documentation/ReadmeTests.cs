using System.CommandLine.Parsing;
using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using RftAspire.Cli;
using RftAspire.Contracts;
using RftAspire.Grading;
using RftAspire.Grading.Python;
using RftAspire.Jobs;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Chat;
using RftAspire.Jobs.Webhooks;
using RftAspire.Judge;
using RftAspire.Sampling;
using RftAspire.Services.Tests.Architecture;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Documentation;

public sealed class ReadmeTests
{
    private static readonly Surroundings s_nowhere = new() { Out = TextWriter.Null, Error = TextWriter.Null, WorkingDirectory = ".", Variable = _ => null };
    private static readonly string[] s_sources = ["RftAspire.AppHost", "RftAspire.ServiceDefaults", "src"];
    private static readonly Type[] s_options = [typeof(AccessOptions), typeof(ChatOptions), typeof(GradingOptions), typeof(JobsOptions), typeof(JudgeOptions), typeof(PythonOptions), typeof(SamplingOptions), typeof(TrainingOptions), typeof(WebhooksOptions)];

    public static TheoryData<string> Documents => [.. MarkdownFile.Paths];

    public static TheoryData<string> CommandsOfTheReadme => [.. MarkdownFile.Readme.Commands("./rft").Union(new MarkdownFile("samples/eurovoc/README.md").Commands("./rft"))];

    public static TheoryData<string> SettingsOfTheDocuments =>
        [.. MarkdownFile.Readme.NamesOfTable("## Configuration").Union(new MarkdownFile("docs/architecture.md").NamesOfTable("## Settings"))];

    [Fact]
    public void Readme_Length_IsUnder150Lines() => Assert.InRange(MarkdownFile.Readme.Lines.Length, 1, 149);

    [Theory, MemberData(nameof(Documents))]
    public void Links_ToTheRepository_NameWhatExists(string document)
    {
        var folder = Path.GetDirectoryName(new MarkdownFile(document).FullPath)!;

        Assert.All(new MarkdownFile(document).RelativeLinks, target => Assert.True(Path.Exists(Path.Combine(folder, target)), target));
    }

    [Theory, MemberData(nameof(CommandsOfTheReadme))]
    public void Command_OfTheReadme_ParsesAndNamesFilesThatExist(string command)
    {
        var words = CommandLineParser.SplitCommandLine(command).Skip(1).ToArray();

        Assert.Empty(CommandLine.Parse(words, s_nowhere).Errors);
        Assert.All(words.Where(word => word.StartsWith("samples/", StringComparison.Ordinal)), file => Assert.True(File.Exists(Path.Combine(Repository.Root.FullName, file)), file));
    }

    [Fact]
    public void Command_WithAMistake_DoesNotParse() => Assert.NotEmpty(CommandLine.Parse(["jobs", "create", "--modle", "x"], s_nowhere).Errors);

    [Theory, MemberData(nameof(SettingsOfTheDocuments))]
    public void Setting_OfTheDocuments_IsRead(string setting) =>
        Assert.True(IsOption(setting) || IsInSettingsFile(setting) || IsNamedInCode(setting), $"nothing reads {setting}");

    [Fact]
    public void Hyperparameters_OfTheTable_HaveTheirDefaults()
    {
        var defaults = HyperparameterFields.ToMessage(new Hyperparameters());
        var fields = RftAspire.Contracts.Jobs.V1.Hyperparameters.Descriptor.Fields.InDeclarationOrder();

        var rows = new MarkdownFile("docs/algorithms.md").Section("## Hyperparameters").Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToDictionary(cells => cells[1].Trim('`'), cells => cells[2].Trim('`'));

        Assert.Equal(fields.Select(field => field.Name), rows.Keys);
        // A field that stands for another has no default of its own.
        Assert.All(fields, field => Assert.Equal(field.Accessor.HasValue(defaults) ? Plain(field.Accessor.GetValue(defaults)) : "-", Plain(rows[field.Name])));
    }

    private static bool IsOption(string setting) => setting.Split(':') is [.., var section, var name]
        && s_options.Any(type => type.Name == section + "Options" && type.GetProperty(name, BindingFlags.Public | BindingFlags.Instance) is not null);

    private static bool IsInSettingsFile(string setting) =>
        Sources("appsettings.json").Any(file => new ConfigurationBuilder().AddJsonFile(file).Build()[setting] is not null);

    // Parameters and connection strings by the name that Aspire gives them.
    private static bool IsNamedInCode(string setting) =>
        Sources("AppHost.cs").Concat(Sources("Broker.cs")).Concat(Sources("Redis.cs")).Concat(Sources("Telemetry.cs"))
            .Any(file => File.ReadAllText(file).Contains($"\"{setting}\"", StringComparison.Ordinal));

    private static IEnumerable<string> Sources(string name) =>
        s_sources.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Repository.Root.FullName, folder), name, SearchOption.AllDirectories));

    // Numbers by their value, so that 2e-4 is 0.0002.
    private static string Plain(object value)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{value}");
        return double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number.ToString(CultureInfo.InvariantCulture) : text.ToLowerInvariant();
    }
}
