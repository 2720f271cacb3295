using RftAspire.Contracts;
using RftAspire.Services.Tests.Cli;

namespace RftAspire.Services.Tests.Training;

public sealed class ModelNamesTests : IDisposable
{
    private readonly ScratchFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("base", "base")]
    [InlineData("ft:base:acme:first:0123abcd", "base")]
    [InlineData("ft:base:acme::0123abcd:ckpt-step-20", "base")]
    public void Tuned_AnyModel_HasTheBaseTenantSuffixAndJob(string model, string part)
    {
        var name = ModelNames.Tuned(model, "lab", "eu-1", "89abcdef");

        Assert.Equal($"ft:{part}:lab:eu-1:89abcdef", name);
        Assert.Equal(("base", "lab", true, false), (ModelNames.BaseOf(name), ModelNames.TenantOf(name), ModelNames.IsTuned(name), ModelNames.IsCheckpoint(name)));
        var checkpoint = ModelNames.Checkpoint(name, 20);
        Assert.Equal($"ft:{part}:lab:eu-1:89abcdef:ckpt-step-20", checkpoint);
        Assert.Equal(("lab", true), (ModelNames.TenantOf(checkpoint), ModelNames.IsCheckpoint(checkpoint)));
        Assert.Null(ModelNames.TenantOf("base"));
    }

    [Fact]
    public void Tuned_LongNames_StayNames()
    {
        var name = ModelNames.Tuned(new string('m', 128), "lab", new string('s', 64), "89abcdef");

        Assert.EndsWith($":lab:{new string('s', 64)}:89abcdef", name, StringComparison.Ordinal);
        Assert.True(ModelNames.IsName(ModelNames.Checkpoint(name, 100_000)));
    }

    [Theory]
    [InlineData("ft:base:acme-x:y:0123abcd", "ft:base:acme:x-y:0123abcd")]
    [InlineData("ft-base-acme--0123abcd", "ft:base:acme::0123abcd")]
    public void ToFolder_NamesThatDifferInAColon_AreNotOneFolder(string name, string other)
    {
        Assert.NotEqual(ModelNames.ToFolder(name), ModelNames.ToFolder(other));
        Assert.Equal((name, other), (ModelNames.OfFolder(ModelNames.ToFolder(name)), ModelNames.OfFolder(ModelNames.ToFolder(other))));
    }

    [Theory]
    [InlineData("ft:base:acme::0123abcd", true)]
    [InlineData("ft:base:acme:x:0123abcd", false)]
    [InlineData("ft=base=acme==0123abcd", false)]
    [InlineData("base", true)]
    [InlineData("../models/base", false)]
    [InlineData("ft:..:acme", false)]
    [InlineData("ft:/etc", false)]
    [InlineData(":base", false)]
    [InlineData(".", false)]
    [InlineData("", false)]
    public void ModelFolder_Name_IsFoundOnlyUnderItsOwn(string name, bool found)
    {
        var store = new ArtifactStore(Path.Combine(_folder.Path, "artifacts"), Path.Combine(_folder.Path, "models"));
        foreach (var folder in new[] { Path.Combine(store.BaseModels, "base"), store.TunedModelFolder("ft:base:acme::0123abcd") })
        {
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "config.json"), "{}");
        }

        Assert.Equal(found, store.ModelFolder(name) is not null);
    }

    [Theory]
    [InlineData("""{"type":"text"}""", false, null)]
    [InlineData("""{"type":"json_object"}""", true, null)]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"a","strict":true,"schema":{"type":"object"}}}""", true, """{"type":"object"}""")]
    [InlineData("""{"type":"json_schema","name":"a","schema":{"type":"object"}}""", true, """{"type":"object"}""")]
    public void ResponseFormat_EachForm_IsRead(string json, bool isJson, string? schema) => Assert.Equal(new ResponseFormat(isJson, schema), ResponseFormat.Parse(json));

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "type is missing or unknown")]
    [InlineData("""{"type":"xml"}""", "type is missing or unknown")]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"a"}}""", "json_schema.schema is missing")]
    public void ResponseFormat_NoFormat_IsRefusedWithTheFix(string json, string message) =>
        Assert.Contains(message, Assert.Throws<FormatException>(() => ResponseFormat.Parse(json)).Message, StringComparison.Ordinal);
}
