using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Sampling;
using RftAspire.Engine.Tests.Constraints;

namespace RftAspire.Engine.Tests.Sampling;

/// <summary>The model of the repository, which has never seen JSON.</summary>
public sealed class ConstrainedBaseModelTests : IDisposable
{
    private const string Record =
        """{"type":"object","properties":{"domains":{"type":"array","items":{"enum":["trade","fisheries","environment","finance"]},"minItems":1,"maxItems":3},"year":{"type":"integer","minimum":1951,"maximum":2030},"note":{"type":"string","maxLength":30},"draft":{"type":"boolean"}},"required":["domains","year"],"additionalProperties":false}""";

    private const string Topics =
        """{"type":"array","items":{"$ref":"#/$defs/topic"},"minItems":1,"maxItems":3,"$defs":{"topic":{"type":"object","properties":{"name":{"type":"string","pattern":"^[A-Z][a-z]{1,8}$"},"rank":{"enum":[1,12,null]}},"required":["name"],"additionalProperties":false}}}""";

    private const string Choice = """{"anyOf":[{"type":"string","format":"date"},{"type":"number","minimum":-1.5,"exclusiveMaximum":100},{"type":"array","prefixItems":[{"const":"é日"},{"type":"null"}],"minItems":2}]}""";

    private readonly LanguageModel _model = LanguageModel.Load(Folder(), threads: 2);

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(0.6)]
    public void Sample_HundredsOfCompletions_AreValidWhenTheyEnd(double temperature)
    {
        string[] schemas = [Record, Topics, Choice];
        var results = _model.Sample([.. schemas.Select((schema, i) => Request(schema) with { Count = 70, Temperature = temperature, Key = RandomKey.FromSeed(i) })]);
        foreach (var (schema, completions) in schemas.Zip(results))
        {
            var ended = completions.Where(completion => completion.Stopped).ToList();
            Assert.True(ended.Count >= 35, $"only {ended.Count} of 70 came to an end under {schema}");
            Assert.All(ended, completion => Assert.True(SchemaValidator.IsValid(schema, Text(completion)), Text(completion)));
        }
    }

    [Fact]
    public void Sample_Greedy_IsOneValidText()
    {
        foreach (var schema in new[] { Record, Choice })
        {
            var completions = _model.Sample([Request(schema) with { Temperature = 0, Count = 2 }])[0];
            Assert.Equal(completions[0].Tokens, completions[1].Tokens);
            Assert.True(completions[0].Stopped);
            Assert.True(SchemaValidator.IsValid(schema, Text(completions[0])), Text(completions[0]));
        }
    }

    [Fact]
    public void Sample_Logprobs_AreThoseOfScoringTheText()
    {
        var request = Request(Record) with { Count = 4 };
        foreach (var completion in _model.Sample([request])[0])
            Assert.Equal(_model.Score([.. request.Prompt, .. completion.Tokens])[(request.Prompt.Length - 1)..], completion.Logprobs);
    }

    private SampleRequest Request(string schema) => new()
    {
        Prompt = _model.Encoder!.Encode([("user", "Title of the act: Council Regulation on the conservation of fishery resources")]),
        MaxTokens = 120,
        Constraint = new TokenConstraint(JsonSchemaConstraint.Parse(schema), _model.Encoder.Tokenizer, _model.Encoder.StopTokens, _model.Config.VocabSize),
    };

    private string Text(Completion completion) => _model.Encoder!.Decode(completion.Tokens);

    private static string Folder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RftAspire.sln"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "models", "eurovoc-base-5m");
    }
}
