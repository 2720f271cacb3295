using System.Text.Json.Nodes;
using RftAspire.Contracts;
using RftAspire.Contracts.Judge.V1;
using RftAspire.Engine.Tokenization;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Judge;

public sealed class OwnModelTests : IAsyncLifetime
{
    private JudgeUnderTest _judge = null!;

    public async Task InitializeAsync() => _judge = await JudgeUnderTest.StartAsync(null,
        ("Judge:MaxCompletionTokens", "40"), ("Judge:Threads", "1"));

    public async Task DisposeAsync() => await _judge.DisposeAsync();

    [Theory]
    [InlineData(0, 40)]
    [InlineData(1, 40)]
    [InlineData(1, 4000)]
    public async Task Score_ModelOfOurs_AnswersWithinRangeAndTheSameTwice(double temperature, int maxTokens)
    {
        Save("own", context: 8192);
        var questions = Enumerable.Range(0, 6).Select(i => Question("own", $"candidate {i}", temperature)).ToArray();
        foreach (var question in questions) question.Sampling.MaxCompletionsTokens = maxTokens;

        // All at once, so that they share a batch, and then each alone.
        var together = await Task.WhenAll(questions.Select(question => _judge.ScoreAsync(question, -2, 5)));
        var alone = new List<Judgement>();
        foreach (var question in questions) alone.Add(await _judge.ScoreAsync(question, -2, 5));

        Assert.All(together, judgement => Assert.Null(judgement.Failure));
        Assert.All(together, judgement => Assert.InRange(judgement.Score, -2, 5));
        Assert.Equal(together.Select(judgement => (judgement.Score, judgement.Explanation)), alone.Select(judgement => (judgement.Score, judgement.Explanation)));
        Assert.True(temperature == 0 || together.Select(judgement => judgement.Score).Distinct().Count() > 1);
        Assert.All(together, judgement => Assert.True(judgement.Usage.Single() is { Calls: 1, PromptTokens: > 100, CompletionTokens: > 0 }));
    }

    [Fact]
    public async Task Score_Votes_AreDrawnDifferently()
    {
        Save("own", context: 8192);
        var question = Question("own", "x", 1);
        question.Votes = 5;

        var judgement = await _judge.ScoreAsync(question);

        Assert.Equal((null, 5), (judgement.Failure, judgement.Usage.Single().Calls));
    }

    [Fact]
    public async Task Label_TwoModelsOfOurs_TakeTurnsInMemory()
    {
        Save("own", context: 8192);
        Save("other", context: 8192, seed: 2);
        string[] labels = ["yes", "no"];

        foreach (var model in (string[])["own", "other", "own"])
        {
            var judgement = await _judge.Client.LabelAsync(
                new LabelRequest { Question = Question(model, "x", 0), Labels = { labels } }, deadline: DateTime.UtcNow.AddMinutes(1));
            Assert.Contains(judgement.Label, labels);
        }
        var list = await _judge.Client.ListModelsAsync(new ListModelsRequest(), deadline: DateTime.UtcNow.AddMinutes(1));
        Assert.Equal((true, "other, own"), (list.AnyName, string.Join(", ", list.Models.Where(model => model.Own).Select(model => model.Name))));
    }

    [Fact]
    public async Task Score_QuestionLongerThanTheModelReads_IsRejected()
    {
        Save("short", context: 128);

        var judgement = await _judge.ScoreAsync(Question("short", "x", 0));

        Assert.Equal(JudgeFailureKind.Rejected, judgement.Failure?.Kind);
        Assert.Contains("short reads 128 tokens", judgement.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_FolderThatIsNoModel_IsRejectedAndLeavesTheOthersAlone()
    {
        Save("own", context: 8192);
        Directory.CreateDirectory(_judge.Store.TunedModelFolder("broken"));
        File.WriteAllText(Path.Combine(_judge.Store.TunedModelFolder("broken"), "config.json"), "{}");

        var broken = await _judge.ScoreAsync(Question("broken", "x", 0));
        var sound = await _judge.ScoreAsync(Question("own", "x", 0));

        Assert.Equal((JudgeFailureKind.Rejected, null), (broken.Failure?.Kind, sound.Failure));
    }

    [Fact]
    public async Task Score_ControlTokensOfTheModel_AreTextInACandidate()
    {
        Save("own", context: 8192);

        // Cut in any case, so that both are asked for the bare result too.
        var tokens = new List<long>();
        foreach (var candidate in (string[])["<eos>", "<\\xos>"])
        {
            var question = Question("own", candidate, 0);
            question.Sampling.MaxCompletionsTokens = 8;
            tokens.Add((await _judge.ScoreAsync(question)).Usage.Single().PromptTokens);
        }

        // As a control token it would be one, not one a letter.
        Assert.Equal(tokens[1], tokens[0]);
    }

    private static Question Question(string model, string candidate, double temperature) =>
        new(JudgeUnderTest.Ask(model, candidate)) { Sampling = new SamplingParams { Temperature = temperature } };

    private void Save(string name, int context, long seed = 1)
    {
        var folder = _judge.Store.TunedModelFolder(name);
        TinyModel.SaveWithTokenizer(folder, seed, context);
        var file = Path.Combine(folder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(file))!;
        config["eos_token_id"] = BpeTokenizer.Load(folder).TokenToId("<eos>");
        File.WriteAllText(file, config.ToJsonString());
    }
}
