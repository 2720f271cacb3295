using RftAspire.Engine.Constraints;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Engine.Tests.Constraints;

public sealed class PublishedTokenizerTests
{
    private const string Schema = """
        {"type":"object","properties":{"title":{"type":"string","maxLength":200},"year":{"type":"integer","minimum":1900,"maximum":2100},"tags":{"type":"array","items":{"enum":["law","trade","finance","agriculture"]},"minItems":1,"maxItems":5},
        "author":{"anyOf":[{"type":"null"},{"type":"object","properties":{"name":{"type":"string"},"born":{"type":"string","format":"date"}},"required":["name"],"additionalProperties":false}]}},"required":["title","tags","author"],"additionalProperties":false}
        """;

    [SharedDataTheory]
    [InlineData("gpt2", "<|endoftext|>")]
    [InlineData("qwen2", "<|endoftext|>")]
    public void Mask_PublishedTokenizer_FollowsItsOwnEncodingAndDrawsValidDocuments(string name, string end)
    {
        var tokenizer = BpeTokenizer.Load(Path.Combine(SharedData.Root!, "data", "tokenizers", name));
        var endToken = tokenizer.TokenToId(end)!.Value;
        var constraint = new TokenConstraint(JsonSchemaConstraint.Parse(Schema), tokenizer, [endToken]);
        var state = constraint.Start;
        foreach (var token in tokenizer.Encode("""{"title": "Règlement 日本 😀 \"x\"", "year": 1999, "tags": ["law", "trade"], "author": {"name": "A. B.", "born": "1960-02-29"}}"""))
        {
            Assert.True(constraint.Allows(state, token), tokenizer.Decode([token]));
            state = constraint.Advance(state, token);
        }
        Assert.Equal([endToken], constraint.Allowed(state));
        for (var seed = 0; seed < 5; seed++)
        {
            var text = constraint.Draw(RandomKey.FromSeed(seed), tokenizer, endToken)!;
            Assert.True(SchemaValidator.IsValid(Schema, text), text);
        }
    }
}
