using System.Text.Json.Nodes;
using RftAspire.Cli;
using RftAspire.Engine.Tokenization;

namespace RftAspire.Services.Tests.Cli;

public sealed class GenerateJsonTests : IDisposable
{
    private const string Schema = """{"type":"object","properties":{"colour":{"enum":["red","green"]},"count":{"type":"integer","minimum":0,"maximum":99}},"required":["colour","count"],"additionalProperties":false}""";
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public async Task Generate_JsonSchema_AnswersWithAValidDocument(string temperature)
    {
        var run = await GenerateAsync(Schema, "--temperature", temperature, "--seed", "4");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.Equal(["colour", "count"], run.Json.EnumerateObject().Select(member => member.Name));
        Assert.Contains(run.Json.GetProperty("colour").GetString(), (string[])["red", "green"]);
        Assert.InRange(run.Json.GetProperty("count").GetInt32(), 0, 99);
    }

    [Fact]
    public async Task Generate_JsonOption_PrintsTheDocumentAsText()
    {
        var plain = await GenerateAsync(Schema);
        var json = await GenerateAsync(Schema, "--json");
        Assert.Equal(plain.Out.Trim(), json.Json.GetProperty("text").GetString());
        Assert.Equal(json.Json.GetProperty("ids").GetArrayLength(), json.Json.GetProperty("logprobs").GetArrayLength());
    }

    [Fact]
    public async Task Generate_JsonObject_BeginsWithABrace()
    {
        SaveModel();
        var run = await CliRun.OfAsync(["models", "generate", "--model", "model", "--prompt-ids", "5", "--json-object", "--max-tokens", "1"], _folder.Path);
        Assert.Equal("{", run.Out.Trim());
    }

    [Fact]
    public async Task Generate_TokenLimitWithinTheJson_PrintsWhatThereIsAndSaysSo()
    {
        var run = await GenerateAsync(Schema, "--max-tokens", "5");
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.StartsWith("{\"", run.Out, StringComparison.Ordinal);
        Assert.Contains("the JSON is cut off after 5 tokens; raise --max-tokens", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"oneOf":[]}}}""", "schema at #/properties/a/oneOf")]
    [InlineData("""{"type":"strin"}""", "schema at #/type")]
    [InlineData("""{"type":""", "schema at #: not a JSON document")]
    [InlineData("false", "schema at #: no finite document")]
    public async Task Generate_SchemaThatIsRefused_NamesTheFileAndThePlace(string schema, string expected)
    {
        var run = await GenerateAsync(schema);
        Assert.Equal((ExitCode.Usage, ""), (run.Code, run.Out));
        Assert.StartsWith($"rft: --json-schema schema.json: {expected}", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "has no tokenizer.json")]
    [InlineData(true, "has no eos_token_id in its config.json")]
    public async Task Generate_ModelThatCannotWriteJson_IsACallersMistake(bool tokenizer, string expected)
    {
        if (tokenizer) TinyModel.SaveWithTokenizer(ModelFolder);
        else TinyModel.Save(ModelFolder);
        var run = await CliRun.OfAsync(["models", "generate", "--model", "model", "--prompt-ids", "5", "--json-object"], _folder.Path);
        Assert.Equal(ExitCode.Usage, run.Code);
        Assert.Contains("--json-object: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    private string ModelFolder => Path.Combine(_folder.Path, "model");

    private void SaveModel()
    {
        TinyModel.SaveWithTokenizer(ModelFolder);
        var file = Path.Combine(ModelFolder, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(file))!;
        config["eos_token_id"] = BpeTokenizer.Load(ModelFolder).TokenToId("<eos>");
        File.WriteAllText(file, config.ToJsonString());
    }

    private async Task<CliRun> GenerateAsync(string schema, params string[] options)
    {
        SaveModel();
        _folder.Write("schema.json", schema);
        return await CliRun.OfAsync(["models", "generate", "--model", "model", "--prompt-ids", "5", "--json-schema", "schema.json", .. options], _folder.Path);
    }
}
