using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Training;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests;

public sealed class LanguageModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ModelConfig _config = TinyModels.Config("llama", vocabulary: 300) with { EosTokenIds = [0] };
    private readonly Parameters _parameters;
    private readonly string _digest;

    public LanguageModelTests()
    {
        _parameters = TinyModels.Random(_config);
        _digest = CheckpointFolder.WeightsDigest(_parameters);
        CheckpointFolder.Save(Model, _parameters, DType.F32);
    }

    private string Model => _folder.File("model");

    public void Dispose()
    {
        _parameters.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Score_LoadedFolder_EqualsTheLearner()
    {
        var ids = TinyModels.Tokens(1, 30, 300);
        using var model = LanguageModel.Load(Model, threads: 1);
        using var bench = new LearnerBench(TinyModels.Random(_config));
        Assert.Equal(bench.Learner.Logprobs([new(ids[..1], [ids[1..]])])[0], model.Score(ids));
        Assert.Equal(_digest, model.Digest);
        Assert.Empty(model.Score([5]));
        Assert.Empty(model.Score([]));
    }

    [Fact]
    public void Sample_LoadedFolder_RecordsTheScores()
    {
        using var model = LanguageModel.Load(Model, threads: 2);
        var prompt = TinyModels.Tokens(2, 4, 300);
        var completion = model.Sample([new SampleRequest { Prompt = prompt, MaxTokens = 9 }])[0][0];
        Assert.Equal(model.Score([.. prompt, .. completion.Tokens])[(prompt.Length - 1)..], completion.Logprobs);
    }

    [Fact]
    public void Load_NoFolder_NamesTheFile()
    {
        var error = Assert.Throws<CheckpointException>(() => LanguageModel.Load(_folder.File("nowhere")));
        Assert.Contains("nowhere", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(300)]
    [InlineData(-1)]
    public void Score_TokenOutsideTheVocabulary_IsRefused(int token)
    {
        using var model = LanguageModel.Load(Model, threads: 1);
        var error = Assert.Throws<ArgumentException>(() => model.Score([1, token]));
        Assert.Contains($"token {token} ", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.Score(new int[257]));
        Assert.Equal(255, model.Score(new int[256]).Length);
    }

    [Fact]
    public void Encoder_FolderWithTokenizer_EncodesPromptsAndDropsSpecialTokens()
    {
        using (var bare = LanguageModel.Load(Model, threads: 1)) Assert.Null(bare.Encoder);
        BpeTrainer.Train(["name a colour"], 300, ["<eos>"]).Save(Model);
        using var model = LanguageModel.Load(Model, threads: 1);
        var encoder = model.Encoder!;
        var ids = encoder.Encode([("system", "name a"), ("user", "colour")]);
        Assert.Equal("name a\ncolour", encoder.Decode([.. ids, 0]));
        Assert.Equal([0], encoder.StopTokens);
    }
}
