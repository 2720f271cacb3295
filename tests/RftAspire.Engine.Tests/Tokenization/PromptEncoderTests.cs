using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Tokenization;

public sealed class PromptEncoderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Encode_WithoutTemplate_BeginsAsTheTokenizerSays()
    {
        // The flags of a Llama tokenizer, of which only the beginning belongs to a prompt.
        var tokenizer = Save("""{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>","eos_token":"</s>","add_bos_token":true,"add_eos_token":true}""");
        Assert.Equal([0, .. tokenizer.Encode("hi")], Load().Encode([("user", "hi")]));
    }

    [Fact]
    public void Encode_WithTemplate_LeavesTheBeginningToIt()
    {
        var tokenizer = Save("""{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>","add_bos_token":true,"chat_template":"{{ bos_token }}{{ messages[0].content }}"}""");
        Assert.Equal([0, .. tokenizer.Encode("hi")], Load().Encode([("user", "hi")]));
        Save("""{"tokenizer_class":"LlamaTokenizer","bos_token":"<s>","add_bos_token":true,"chat_template":"{{ messages[0].content }}"}""");
        Assert.Equal(tokenizer.Encode("hi"), Load().Encode([("user", "hi")]));
    }

    [Fact]
    public void Decode_SpecialTokens_AreLeftOut()
    {
        var tokenizer = Save("{}");
        Assert.Equal("hi", Load().Decode([0, .. tokenizer.Encode("hi"), 1]));
    }

    private BpeTokenizer Save(string config)
    {
        var tokenizer = BpeTrainer.Train(["hi"], 258, ["<s>", "</s>"]);
        tokenizer.Save(folder.Path);
        File.WriteAllText(folder.File("tokenizer_config.json"), config);
        return tokenizer;
    }

    private PromptEncoder Load() => PromptEncoder.Load(folder.Path, TinyModels.Config("llama", vocabulary: 300));
}
