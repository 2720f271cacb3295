using System.Text.RegularExpressions;
using RftAspire.Services.Tests.Architecture;

namespace RftAspire.Services.Tests.Documentation;

/// <summary>One of the repository's documents.</summary>
public sealed partial class MarkdownFile(string path)
{
    public static MarkdownFile Readme { get; } = new("README.md");

    /// <summary>The documents whose links are checked.</summary>
    public static IEnumerable<string> Paths { get; } =
    [
        "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "samples/eurovoc/README.md",
        .. Repository.Root.GetDirectories("docs")[0].EnumerateFiles("*.md").Select(file => $"docs/{file.Name}").Order(StringComparer.Ordinal),
    ];

    public string FullPath { get; } = Path.Combine(Repository.Root.FullName, path);
    public string Text => File.ReadAllText(FullPath);
    public string[] Lines => File.ReadAllLines(FullPath);

    /// <summary>Targets of links that lie in the repository, without the part after '#'.</summary>
    public IEnumerable<string> RelativeLinks => Link().Matches(Text).Select(link => link.Groups[1].Value)
        .Where(target => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith('#'))
        .Select(target => target.Split('#')[0]);

    /// <summary>Lines of all <c>sh</c> blocks that start with the word, continued lines joined.</summary>
    public IEnumerable<string> Commands(string word) => ShellBlock().Matches(Text)
        .SelectMany(block => block.Groups[1].Value.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
        .Where(line => line.StartsWith(word + " ", StringComparison.Ordinal));

    /// <summary>The lines below a heading, up to the next one.</summary>
    public IEnumerable<string> Section(string heading) =>
        Lines.SkipWhile(line => line != heading).Skip(1).TakeWhile(line => !line.StartsWith('#'));

    /// <summary>What stands in backticks in the first cell of each row of a section's tables.</summary>
    public IEnumerable<string> NamesOfTable(string heading) => Section(heading)
        .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
        .SelectMany(line => Code().Matches(line.Split('|')[1]).Select(code => code.Groups[1].Value));

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("(?:^|\n)```sh\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();
}
