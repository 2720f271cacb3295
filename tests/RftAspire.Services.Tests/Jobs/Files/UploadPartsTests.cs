using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using RftAspire.Jobs.Files;
using RftAspire.Services.Tests.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.Files;

public sealed class UploadPartsTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Complete_PartsInTheirOrder_AreOneFile()
    {
        var upload = await CreateAsync(10);
        var second = await PartAsync(upload, "5678\n");
        var first = await PartAsync(upload, "1234\n");
#pragma warning disable CA5351 // What the API names.
        var md5 = Convert.ToHexStringLower(MD5.HashData("1234\n5678\n"u8));
#pragma warning restore CA5351

        var answer = await (await CompleteAsync(upload, $$"""{"part_ids":["{{first}}","{{second}}"],"md5":"{{md5}}"}""")).JsonAsync();

        Assert.Equal(("upload", "completed", 10), (answer.GetProperty("object").GetString(), answer.GetProperty("status").GetString(), answer.GetProperty("bytes").GetInt32()));
        var file = answer.GetProperty("file").GetProperty("id").GetString();
        Assert.Equal("1234\n5678\n", await service.Http.GetStringAsync($"/v1/files/{file}/content"));
        Assert.False(Directory.Exists(Path.Combine(service.Artifacts.Root, "uploads", upload)));
    }

    [RedisFact]
    public async Task Complete_Twice_GivesTheSameFile()
    {
        var upload = await CreateAsync(5);
        var body = $$"""{"part_ids":["{{await PartAsync(upload, "good\n")}}"]}""";

        var answers = await Task.WhenAll(CompleteAsync(upload, body), CompleteAsync(upload, body));
        var again = await (await CompleteAsync(upload, body)).JsonAsync();

        foreach (var answer in answers) Assert.Equal(again.GetProperty("file").GetRawText(), (await answer.JsonAsync()).GetProperty("file").GetRawText());
        var files = await (await service.Http.GetAsync("/v1/files")).JsonAsync();
        Assert.Single(files.GetProperty("data").EnumerateArray(), file => file.GetProperty("id").GetString() == again.GetProperty("file").GetProperty("id").GetString());
    }

    [RedisFact]
    public async Task Complete_UnsoundDataset_StoresNothingAndMayBeMended()
    {
        var upload = await CreateAsync(4);
        var bad = await PartAsync(upload, "bad\n");
        var good = await PartAsync(upload, "fine");

        var error = await (await CompleteAsync(upload, $$"""{"part_ids":["{{bad}}"]}""")).ErrorAsync(400);
        var answer = await (await CompleteAsync(upload, $$"""{"part_ids":["{{good}}"]}""")).JsonAsync();

        Assert.Equal(("data", "invalid_file_format"), (error.Param, error.Code));
        Assert.Equal("completed", answer.GetProperty("status").GetString());
    }

    [RedisFact]
    public async Task Complete_FaultyBody_NamesTheField()
    {
        var upload = await CreateAsync(4);
        var part = await PartAsync(upload, "fine");
        var other = await PartAsync(upload, "x");

        foreach (var (body, param) in ((string, string)[])[
            ("{}", "part_ids"),
            ("""{"part_ids":["part_none"]}""", "part_ids"),
            ("""{"part_ids":["../../x"]}""", "part_ids"),
            ("""{"part_ids":[1]}""", "part_ids"),
            ($$"""{"part_ids":["{{part}}","{{part}}"]}""", "part_ids"),
            ($$"""{"part_ids":["{{part}}","{{other}}"]}""", "part_ids"),
            ($$"""{"part_ids":["{{part}}"],"md5":"00"}""", "md5")])
            Assert.Equal(param, (await (await CompleteAsync(upload, body)).ErrorAsync(400)).Param);
    }

    [RedisTheory]
    [InlineData("""{"filename":"../a","purpose":"fine-tune","bytes":1,"mime_type":"text/jsonl"}""", "filename")]
    [InlineData("""{"filename":"a","purpose":"fun","bytes":1,"mime_type":"text/jsonl"}""", "purpose")]
    [InlineData("""{"filename":"a","purpose":"fine-tune","bytes":0,"mime_type":"text/jsonl"}""", "bytes")]
    [InlineData("""{"filename":"a","purpose":"fine-tune","bytes":3000001,"mime_type":"text/jsonl"}""", "bytes")]
    [InlineData("""{"filename":"a","purpose":"fine-tune","mime_type":"text/jsonl"}""", "bytes")]
    [InlineData("""{"filename":"a","purpose":"fine-tune","bytes":1,"expires_after":{"anchor":"created_at","seconds":1}}""", "expires_after.seconds")]
    public async Task Create_FaultyBody_NamesTheField(string body, string param) =>
        Assert.Equal(param, (await (await service.PostJsonAsync("/v1/uploads", body)).ErrorAsync(400)).Param);

    [RedisFact]
    public async Task Cancel_OpenUpload_TakesNothingMore()
    {
        var upload = await CreateAsync(4);
        var part = await PartAsync(upload, "fine");

        Assert.Equal("cancelled", (await (await service.PostJsonAsync($"/v1/uploads/{upload}/cancel", "")).JsonAsync()).GetProperty("status").GetString());

        await (await SendPartAsync(upload, "x")).ErrorAsync(400);
        await (await CompleteAsync(upload, $$"""{"part_ids":["{{part}}"]}""")).ErrorAsync(400);
        Assert.False(Directory.Exists(Path.Combine(service.Artifacts.Root, "uploads", upload)));
    }

    [RedisFact]
    public async Task Sweep_ExpiredUpload_IsGoneWithItsParts()
    {
        var upload = await CreateAsync(4);
        await PartAsync(upload, "fine");
        await service.Services.GetRequiredService<FileStore>().ReserveAsync("default", upload, DateTimeOffset.UnixEpoch);

        await service.Services.GetRequiredService<FileSweeper>().SweepAsync();

        await (await SendPartAsync(upload, "x")).ErrorAsync(404);
        Assert.False(Directory.Exists(Path.Combine(service.Artifacts.Root, "uploads", upload)));
    }

    [RedisTheory, InlineData("upload_none"), InlineData("file-1"), InlineData("..%2f..")]
    public async Task Part_OfUnknownUpload_IsNotFound(string id) => await (await SendPartAsync(id, "x")).ErrorAsync(404);

    private async Task<string> CreateAsync(int bytes) => Id(await (await service.PostJsonAsync(
        "/v1/uploads", $$"""{"filename":"parts.jsonl","purpose":"fine-tune","bytes":{{bytes}},"mime_type":"text/jsonl"}""")).JsonAsync());

    private async Task<string> PartAsync(string upload, string text) => Id(await (await SendPartAsync(upload, text)).JsonAsync());

    private async Task<HttpResponseMessage> SendPartAsync(string upload, string text)
    {
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Encoding.UTF8.GetBytes(text)), "data", "blob" } };
        return await service.Http.PostAsync($"/v1/uploads/{upload}/parts", form);
    }

    private Task<HttpResponseMessage> CompleteAsync(string upload, string body) => service.PostJsonAsync($"/v1/uploads/{upload}/complete", body);

    private static string Id(JsonElement answer) => answer.GetProperty("id").GetString()!;
}
