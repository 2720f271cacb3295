using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class BpeTrainerTests : IDisposable
{
    private static readonly string[] Specials = ["<pad>", "<bos>", "<eos>"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Train_TextbookCorpus_LearnsTheTextbookMerges()
    {
        // low x5, lower x2, newest x6, widest x3: e+s and s+t occur 9 times, l+o and o+w 7 times.
        var tokenizer = Train(["low low low low low lower lower newest newest newest newest newest newest widest widest widest"], 256 + 3 + 4);
        Assert.Equal(["es", "est", "lo", "low"], Enumerable.Range(259, 4).Select(tokenizer.IdToToken));
    }

    [Fact]
    public void Train_EqualCounts_SmallerIdsFirst()
    {
        var tokenizer = Train(["cd ab", "cd ab"], 256 + 3 + 2);
        Assert.Equal("cd", tokenizer.IdToToken(260));
        Assert.Equal("ab", Train(["cd\nab\ncd\nab"], 256 + 3 + 1).IdToToken(259));
    }

    [Fact]
    public void Train_AgainstTheNaiveAlgorithm_GivesTheSameVocabulary()
    {
        var random = new Random(11);
        for (var round = 0; round < 20; round++)
        {
            var words = Enumerable.Range(0, 60).Select(_ => string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => "abcé"[random.Next(4)]))).ToArray();
            var text = string.Join(' ', words);
            var tokenizer = Train([text], 256 + 3 + 60);
            Assert.Equal(NaiveMerges(text, 60), tokenizer.Definition.Merges.Select(merge => merge.Left + "+" + merge.Right).Take(60));
        }
    }

    [Fact]
    public void Train_SpecialsFirstThenBytes_ThenMerges()
    {
        var tokenizer = Train(["aaaa aaaa"], 400);
        Assert.Equal(Specials, Enumerable.Range(0, 3).Select(tokenizer.IdToToken));
        Assert.Equal([3 + 'z'], tokenizer.Encode("z"));
        Assert.Equal([1], tokenizer.Encode("<bos>", allowSpecial: true));
        Assert.True(tokenizer.VocabSize < 400, "there are not enough pairs for 400 tokens");
    }

    [Fact]
    public void Train_TextSpellsASpecialToken_NeverMergesToIt()
    {
        var tokenizer = BpeTrainer.Train([string.Join('\n', Enumerable.Repeat("stop", 50))], 300, ["stop"]);
        Assert.DoesNotContain(0, tokenizer.Encode("stop"));
        Assert.Equal("stop", tokenizer.Decode(tokenizer.Encode("stop")));
    }

    [Fact]
    public void Train_BoostedAnswer_EachPieceIsOneToken()
    {
        const string Answer = """{"labels":["Law","Trade"]}""";
        string[] texts = [string.Join(' ', Enumerable.Range(0, 500).Select(i => $"article{i % 7} regulation{i % 11} of the council"))];
        var boosted = new Dictionary<string, int> { [Answer] = 20_000 };
        var tokenizer = BpeTrainer.Train(texts, 256 + 3 + 40, Specials, boosted);
        Assert.Equal(["{\"", "labels", "\":[\"", "Law", "\",\"", "Trade", "\"]}"], tokenizer.Encode(Answer).Select(tokenizer.IdToToken));
    }

    [Fact]
    public void Save_ThenLoad_IsTheSameTokenizer()
    {
        var trained = Train(["the cat sat on the mat, the cat sat; 1999 and 1998 \U0001D400\U0001D400 é é é"], 330);
        trained.Save(folder.Path);
        var loaded = BpeTokenizer.Load(folder.Path);

        Assert.Equal(trained.Definition.Vocabulary, loaded.Definition.Vocabulary);
        Assert.Equal(trained.Definition.Merges, loaded.Definition.Merges);
        Assert.Equal(trained.AddedTokens, loaded.AddedTokens);
        var first = File.ReadAllBytes(folder.File("tokenizer.json"));
        loaded.Save(folder.Path);
        Assert.Equal(first, File.ReadAllBytes(folder.File("tokenizer.json")));
        Assert.Equal(trained.Encode("the 1999 cat<eos>\ud800", true), loaded.Encode("the 1999 cat<eos>\ud800", true));
    }

    [Fact]
    public void Train_NoRoomForBytes_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Train(["x"], 258));
        Assert.Throws<ArgumentException>(() => BpeTrainer.Train(["x"], 300, ["<a>", "<a>"]));
    }

    private static BpeTokenizer Train(string[] texts, int size) => BpeTrainer.Train(texts, size, Specials);

    /// <summary>Counts every pair anew before every merge.</summary>
    private static List<string> NaiveMerges(string text, int count)
    {
        var pieces = new List<(int Start, int End)>();
        new SplitRule(SplitRule.WordPattern).Split(text, 0, text.Length, pieces);
        var words = pieces.Select(piece => System.Text.Encoding.UTF8.GetBytes(text[piece.Start..piece.End]).Select(b => b + 3).ToList()).ToList();
        var tokens = Specials.Concat(Enumerable.Range(0, 256).Select(b => ByteAlphabet.Char((byte)b).ToString())).ToList();
        var merges = new List<string>();
        while (merges.Count < count)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenBy(group => group.Key).FirstOrDefault();
            if (best is null || best.Count() < 2) break;
            var (left, right) = best.Key;
            merges.Add(tokens[left] + "+" + tokens[right]);
            var id = tokens.IndexOf(tokens[left] + tokens[right]);
            if (id < 0) tokens.Add(tokens[left] + tokens[right]);
            foreach (var word in words)
                for (var i = 0; i + 1 < word.Count; i++)
                    if (word[i] == left && word[i + 1] == right)
                    {
                        word[i] = id < 0 ? tokens.Count - 1 : id;
                        word.RemoveAt(i + 1);
                    }
        }
        return merges;
    }
}
