using RftAspire.Contracts.Messages;
using RftAspire.Engine;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Sampling.Chat;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Sampling.Chat;

public sealed class ChoiceTextTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly PromptEncoder _encoder;

    public ChoiceTextTests()
    {
        TinyModel.SaveWithTokenizer(_folder.Path);
        _encoder = PromptEncoder.Load(_folder.Path, ModelConfig.Load(Path.Combine(_folder.Path, "config.json")));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Append_AnyTokens_TextIsThatOfTheWholeInWholeCharacters()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var ids = Ids(seed, 60, tokens: 300);
            var (parts, stopped) = Run(ids, []);
            Assert.Equal(_encoder.Decode(ids), string.Concat(parts.Select(part => part.Text)));
            Assert.False(stopped);
            Assert.All(parts, part => Assert.True(part.Text.Length == 0 || !char.IsHighSurrogate(part.Text[^1])));
        }
    }

    [Fact]
    public void Append_StopTexts_NothingOfTheFirstOneLeaves()
    {
        var ended = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            // A few letters only, so that stop texts come, and often begin without coming.
            var ids = Ids(seed, 40, tokens: 4);
            var whole = _encoder.Decode(ids);
            string[] stops = [.. Enumerable.Range(0, 1 + seed % 3).Select(i => _encoder.Decode(Ids(1000 + seed + i, 2 + seed % 4, tokens: 4)))];
            var at = stops.Select(stop => whole.IndexOf(stop, StringComparison.Ordinal)).Where(found => found >= 0).DefaultIfEmpty(-1).Min();

            var (parts, stopped) = Run(ids, stops);

            Assert.Equal(at >= 0, stopped);
            Assert.Equal(at >= 0 ? whole[..at] : whole, string.Concat(parts.Select(part => part.Text)));
            if (stopped) ended++;
        }
        Assert.InRange(ended, 50, 350);
    }

    [Fact]
    public void Append_Scored_TokensLeaveWithTheTextTheyHaveAPartIn()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var ids = Ids(seed, 30, tokens: 4);
            var stop = _encoder.Decode(Ids(seed + 500, 3, tokens: 4));
            var (parts, _) = Run(ids, [stop]);
            var text = string.Concat(parts.Select(part => part.Text));
            var scored = parts.SelectMany(part => part.Scored!).ToList();
            var spelt = string.Concat(scored.Select(token => token.Text));
            Assert.StartsWith(text, spelt, StringComparison.Ordinal);
            // The last of them has a part in the text.
            Assert.True(spelt.Length == text.Length || spelt.Length - scored[^1].Text.Length < text.Length);
            Assert.Equal(Enumerable.Range(0, scored.Count).Select(i => (float)-i), scored.Select(token => token.Logprob));
        }
    }

    [Fact]
    public void Append_EndToken_IsNoTextAndNoScore()
    {
        var eos = _encoder.Tokenizer.TokenToId("<eos>")!.Value;
        var choice = new ChoiceText(_encoder, ["never"], isScored: true);
        var letter = _encoder.Tokenizer.Encode("n")[0];
        var first = choice.Append(new DrawnToken(0, new TokenLogprob(letter, -1), default, Ending.None));
        var last = choice.Append(new DrawnToken(0, new TokenLogprob(eos, -2), default, Ending.EndToken));
        // The letter could have begun a stop text.
        Assert.Equal(("", "n"), (first.Text, last.Text));
        Assert.Equal("n", Assert.Single(last.Scored!).Text);
    }

    private (List<CompletionToken> Parts, bool Stopped) Run(int[] ids, string[] stops)
    {
        var (choice, parts) = (new ChoiceText(_encoder, stops, isScored: true), new List<CompletionToken>());
        for (var i = 0; i < ids.Length && !choice.IsStopped; i++)
            parts.Add(choice.Append(new DrawnToken(0, new TokenLogprob(ids[i], -i), default, i == ids.Length - 1 ? Ending.Limit : Ending.None)));
        return (parts, choice.IsStopped);
    }

    /// <summary>Bytes and words of the tokenizer; of four tokens, letters.</summary>
    private int[] Ids(int seed, int count, int tokens)
    {
        var key = RandomKey.FromSeed(seed);
        var letters = "name".Select(letter => _encoder.Tokenizer.Encode(letter.ToString())[0]).ToArray();
        return [.. Enumerable.Range(0, count).Select(i => (int)(key.Uniform(i) * tokens)).Select(id => tokens == 4 ? letters[id] : id)];
    }
}
