using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;
using RftAspire.Services.Tests.Cli;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class PromptSetTests : IDisposable
{
    private const string Before = "Sort this fruit:", After = "\nAnswer with one word";
    private static readonly string[] s_prompts = [.. new[] { "red ripe apple", "long yellow banana of the tropics", "plum", "green sour gooseberry" }.Select(fruit => $"{Before} {fruit}{After}")];
    private readonly ScratchFolder _folder = new();
    private readonly PromptEncoder _encoder;

    public PromptSetTests()
    {
        TinyModel.Save(_folder.Path);
        BpeTrainer.Train(s_prompts.Concat(s_prompts), 310, ["<eos>"]).Save(_folder.Path);
        _encoder = PromptEncoder.Load(_folder.Path, ModelConfig.Load(Path.Combine(_folder.Path, "config.json")));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void WithDropout_ManyKeys_LosesWholeWordsOfTheVaryingPartOnly()
    {
        var prompts = Load(s_prompts);
        var lost = 0;
        for (var i = 0; i < 400; i++)
        {
            var text = _encoder.Decode(prompts.WithDropout(i % 4, 0.3, RandomKey.FromSeed(i)));
            Assert.StartsWith(Before, text, StringComparison.Ordinal);
            Assert.EndsWith(After, text, StringComparison.Ordinal);
            var words = Words(s_prompts[i % 4]).ToList();
            foreach (var word in Words(text))
            {
                // What is left stands in the order of the prompt.
                Assert.Contains(word, words);
                words.RemoveRange(0, words.IndexOf(word) + 1);
            }
            lost += Words(s_prompts[i % 4]).Length - Words(text).Length;
        }
        var droppable = s_prompts.Sum(prompt => Words(prompt).Length) * 100.0;
        Assert.InRange(lost / droppable, 0.22, 0.38);
    }

    [Fact]
    public void WithDropout_SameKey_SamePrompt()
    {
        var prompts = Load(s_prompts);
        var dropped = Enumerable.Range(0, 50).Select(i => prompts.WithDropout(1, 0.4, RandomKey.FromSeed(i))).ToList();
        Assert.Equal(dropped, Enumerable.Range(0, 50).Select(i => prompts.WithDropout(1, 0.4, RandomKey.FromSeed(i))));
        Assert.InRange(dropped.Select(_encoder.Decode).Distinct().Count(), 5, 50);
    }

    [Fact]
    public void WithDropout_ProbabilityZeroOrOne_KeepsAllOrOnlyTheRest()
    {
        var prompts = Load(s_prompts);
        Assert.Equal(s_prompts[1], _encoder.Decode(prompts.WithDropout(1, 0, RandomKey.FromSeed(1))));
        Assert.Equal(Before + After, _encoder.Decode(prompts.WithDropout(1, 1, RandomKey.FromSeed(1))));
    }

    [Fact]
    public void WithDropout_NothingWouldBeLeft_KeepsThePrompt()
    {
        var prompts = Load("plum", "apple");
        Assert.Equal("plum", _encoder.Decode(prompts.WithDropout(0, 1, RandomKey.FromSeed(1))));
    }

    [Fact]
    public void WithDropout_EqualPrompts_LosesNothing()
    {
        var prompts = Load("plum", "plum");
        Assert.Equal("plum", _encoder.Decode(prompts.WithDropout(0, 1, RandomKey.FromSeed(1))));
    }

    [Fact]
    public void At_Epochs_AreDifferentPermutations()
    {
        var order = new EpochOrder(30, RandomKey.FromSeed(4));
        var epochs = Enumerable.Range(0, 3).Select(epoch => Enumerable.Range(0, 30).Select(i => order.At(epoch * 30L + i)).ToList()).ToList();
        Assert.All(epochs, epoch => Assert.Equal(Enumerable.Range(0, 30), epoch.Order()));
        Assert.NotEqual(epochs[0], epochs[1]);
        Assert.NotEqual(epochs[1], epochs[2]);
        // A resumed job asks for a later place first.
        Assert.Equal(epochs[1][7], order.At(37));
        Assert.Equal(epochs[0][3], order.At(3));
    }

    [Fact]
    public void Load_PromptThatDoesNotFit_NamesItsLine()
    {
        var error = Assert.Throws<TrainingException>(() => Load("plum", "apple", new string('z', 101)));
        Assert.Equal("prompt_too_long", error.Code);
        Assert.StartsWith("line 3: the prompt has 101 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_RowWithTools_ShowsThemToTheModel()
    {
        _folder.Write("chat_template.jinja", "{% for tool in tools or [] %}{{ tool.function.name }} {% endfor %}{{ messages[0].content }}");
        var (file, encoder) = (Path.Combine(_folder.Path, "prompts.jsonl"), PromptEncoder.Load(_folder.Path, ModelConfig.Load(Path.Combine(_folder.Path, "config.json"))));
        _folder.Write("prompts.jsonl", """
            {"messages":[{"role":"user","content":"plum"}],"item":{"tools":[{"type":"function","function":{"name":"apple"}}]},"line":1}
            {"messages":[{"role":"user","content":"plum"}],"item":{"tools":["hammer"]},"line":2}
            """);

        var prompts = PromptSet.Load(file, encoder, vocabulary: 320, longest: 100);

        Assert.Equal(["apple plum", "plum"], [_encoder.Decode(prompts.Tokens(0)), _encoder.Decode(prompts.Tokens(1))]);
    }

    private PromptSet Load(params string[] prompts)
    {
        var file = Path.Combine(_folder.Path, "prompts.jsonl");
        TrainingUnderTest.WritePrompts(file, prompts);
        return PromptSet.Load(file, _encoder, vocabulary: 320, longest: 100);
    }

    private static string[] Words(string prompt) => prompt[Before.Length..^After.Length].Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
