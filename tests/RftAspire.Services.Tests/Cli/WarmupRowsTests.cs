using System.Text.Json;
using RftAspire.Cli;

namespace RftAspire.Services.Tests.Cli;

public sealed class WarmupRowsTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Warmup_OtherRows_TakesEachValueOnceAndNeverItsOwn()
    {
        _folder.Write("data.jsonl", string.Join('\n', Enumerable.Range(0, 20).Select(i => $$"""{"messages":[{"role":"user","content":"{{i}}"}],"a":{"b":"v{{i}}"},"c":[ {{i}} , "é"]}""")));
        var answers = await AnswersAsync("""{"b":"{{item.a.b}}","c":{{ item.c }}}""", "--copies", "2");
        Assert.Equal(40, answers.Length);
        foreach (var copy in answers.Chunk(20))
        {
            Assert.Equal(20, copy.Select(row => row.Answer).Distinct().Count());
            Assert.All(copy, row => Assert.Matches("""^\{"b":"v(\d+)","c":\[\1,"é"\]\}$""", row.Answer));
            Assert.All(copy, row => Assert.DoesNotContain($"\"v{row.Prompt}\"", row.Answer, StringComparison.Ordinal));
        }
        Assert.NotEqual(answers[..20].Order(), answers[20..].Order());
    }

    [Fact]
    public async Task Warmup_AnyOrder_PermutesTheRowsOwnArrays()
    {
        _folder.Write("data.jsonl", string.Join('\n', Enumerable.Range(0, 30).Select(i => $$"""{"messages":[{"role":"user","content":"{{i}}"}],"list":[{{i}},"x","y"]}""")));
        var answers = await AnswersAsync("{{item.list}}", "--values", "any-order");
        Assert.All(answers, row => Assert.Equal([row.Prompt, "x", "y"], Items(row.Answer).Order(StringComparer.Ordinal)));
        Assert.InRange(answers.Count(row => Items(row.Answer)[0] == row.Prompt), 3, 20);
    }

    [Fact]
    public async Task Warmup_Seed_DecidesTheRows()
    {
        _folder.Write("data.jsonl", string.Join('\n', Enumerable.Range(0, 20).Select(i => $$"""{"messages":[{"role":"user","content":"{{i}}"}],"a":{{i}}}""")));
        var first = await AnswersAsync("{{item.a}}", "--seed", "3");
        Assert.Equal(first, await AnswersAsync("{{item.a}}", "--seed", "3"));
        Assert.NotEqual(first, await AnswersAsync("{{item.a}}", "--seed", "4"));
    }

    [Theory]
    [InlineData("file none.jsonl: there is no such file", "none.jsonl", "{{item.a}}")]
    [InlineData("file one.jsonl: has 1 rows", "one.jsonl", "{{item.a}}")]
    [InlineData("file bad.jsonl, line 1: the row has no \"messages\"", "bad.jsonl", "{{item.a}}")]
    [InlineData("the row has no 'b', which --answer reads", "two.jsonl", "{{item.b}}")]
    [InlineData("--answer: no place", "two.jsonl", "yes")]
    [InlineData("--answer: '{{sample.output_text}}' is no place", "two.jsonl", "{{item.a}}{{sample.output_text}}")]
    [InlineData("--copies 0: 1 to 1000", "two.jsonl", "{{item.a}}", "--copies", "0")]
    [InlineData("--output two.jsonl: is there already", "two.jsonl", "{{item.a}}", "--output", "two.jsonl")]
    public async Task Warmup_Mistake_NamesIt(string expected, string file, string answer, params string[] args)
    {
        const string row = """{"messages":[{"role":"user","content":"q"}],"a":1}""";
        _folder.Write("one.jsonl", row);
        _folder.Write("two.jsonl", row + "\n" + row);
        _folder.Write("bad.jsonl", "{}");
        string[] output = args.Contains("--output") ? [] : ["--output", "rows.jsonl"];
        var run = await CliRun.OfAsync(["datasets", "warmup", file, "--answer", answer, .. args, .. output], _folder.Path);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.Path, "rows.jsonl")));
    }

    private static string[] Items(string array) => [.. JsonDocument.Parse(array).RootElement.EnumerateArray().Select(item => item.ToString())];

    private async Task<(string Prompt, string Answer)[]> AnswersAsync(string answer, params string[] args)
    {
        var file = $"{Guid.NewGuid():N}.jsonl";
        var run = await CliRun.OfAsync(["datasets", "warmup", "data.jsonl", "--answer", answer, "--output", file, "--json", .. args], _folder.Path);
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        var rows = File.ReadAllLines(run.Json.GetProperty("location").GetString()!);
        Assert.Equal(rows.Length, run.Json.GetProperty("rows").GetInt32());
        return [.. rows.Select(row => JsonDocument.Parse(row).RootElement.GetProperty("messages")).Select(messages =>
            (messages[0].GetProperty("content").GetString()!, messages[1].GetProperty("content").GetString()!))];
    }
}
