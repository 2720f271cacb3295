using System.Net.Http.Headers;
using System.Text;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class FileRouteTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    [RedisFact]
    public async Task Create_DotNetForm_IsRead()
    {
        // Unquoted names, a quoted boundary with '=' and '_', file before purpose, filename*.
        var form = Form("dotnet=_1", """
            --dotnet=_1
            Content-Disposition: form-data; name=file; filename=a.jsonl; filename*=utf-8''%C3%BC.jsonl

            first
            --dotnet=_1
            Content-Type: text/plain; charset=utf-8
            Content-Disposition: form-data; name=purpose

            fine-tune
            --dotnet=_1--

            """);

        var file = await (await service.Http.PostAsync("/v1/files", form)).JsonAsync();

        Assert.Equal(["id", "bytes", "created_at", "filename", "purpose", "object", "status", "rows", "sha256"], file.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("ü.jsonl", "fine-tune", "processed", 5), (file.GetProperty("filename").GetString(), file.GetProperty("purpose").GetString(), file.GetProperty("status").GetString(), file.GetProperty("bytes").GetInt32()));
        Assert.Equal("first", await service.Http.GetStringAsync($"/v1/files/{file.GetProperty("id").GetString()}/content"));
    }

    [RedisFact]
    public async Task Create_NodeFormWithExpiry_IsRead()
    {
        var form = Form("----formdata-1", """
            ------formdata-1
            Content-Disposition: form-data; name="file"; filename="a \"b\".txt"
            Content-Type: application/octet-stream

            x
            ------formdata-1
            Content-Disposition: form-data; name="purpose"

            user_data
            ------formdata-1
            Content-Disposition: form-data; name="expires_after[anchor]"

            created_at
            ------formdata-1
            Content-Disposition: form-data; name="expires_after[seconds]"

            7200
            ------formdata-1--

            """);

        var file = await (await service.Http.PostAsync("/v1/files", form)).JsonAsync();

        Assert.Equal("a \"b\".txt", file.GetProperty("filename").GetString());
        Assert.Equal(7200, file.GetProperty("expires_at").GetInt64() - file.GetProperty("created_at").GetInt64());
    }

    public static TheoryData<string, string, string> Faulty() => new()
    {
        { "purpose", "missing_required_parameter", Part("file\"; filename=\"a.jsonl", "x") },
        { "purpose", "invalid_purpose", Part("file\"; filename=\"a.jsonl", "x") + Part("purpose", "fun") },
        { "file", "missing_required_parameter", Part("purpose", "fine-tune") },
        { "file", "missing_required_parameter", Part("file", "x") + Part("purpose", "fine-tune") },
        { "file", "invalid_filename", Part("file\"; filename=\"../../etc/passwd", "x") + Part("purpose", "fine-tune") },
        { "file", "invalid_filename", Part("file", "x").Replace("\"file\"", "file; filename*=utf-8''a%0d%0aSet-Cookie%3a%20x", StringComparison.Ordinal) + Part("purpose", "fine-tune") },
        { "file", "invalid_file_format", Part("file\"; filename=\"a.jsonl", "") + Part("purpose", "fine-tune") },
        { "file", "invalid_file_format", Part("file\"; filename=\"a.jsonl", "good\r\nbad") + Part("purpose", "fine-tune") },
        { "purpose", "invalid_value", Part("purpose", "fine-tune") + Part("purpose", "fine-tune") },
        { "expires_after[anchor]", "invalid_value", Part("file\"; filename=\"a", "x") + Part("purpose", "evals") + Part("expires_after[seconds]", "3600") },
        { "expires_after[seconds]", "invalid_value", Part("file\"; filename=\"a", "x") + Part("purpose", "evals") + Part("expires_after[anchor]", "created_at") + Part("expires_after[seconds]", "1h") },
        { "expires_after[seconds]", "invalid_value", Part("file\"; filename=\"a", "x") + Part("purpose", "evals") + Part("expires_after[anchor]", "created_at") + Part("expires_after[seconds]", "60") },
    };

    [RedisTheory, MemberData(nameof(Faulty))]
    public async Task Create_FaultyForm_NamesTheFieldAndStoresNothing(string param, string code, string parts)
    {
        var before = Stored();

        var error = await (await service.Http.PostAsync("/v1/files", Form("b", parts + "--b--\r\n"))).ErrorAsync(400);

        Assert.Equal((param, code), (error.Param, error.Code));
        Assert.Equal(before, Stored());
    }

    [RedisFact]
    public async Task Create_RejectedDataset_NamesLineAndCode()
    {
        var error = await (await service.Http.PostAsync("/v1/files", Form("b", Part("file\"; filename=\"a.jsonl", "good\nbad") + Part("purpose", "fine-tune") + "--b--"))).ErrorAsync(400);

        Assert.Equal("file: a.jsonl line 2: the line is bad (bad_line)", error.Message);
    }

    [RedisTheory]
    [InlineData("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ncut")]
    [InlineData("multipart/form-data; boundary=b", "no form at all")]
    [InlineData("multipart/form-data; boundary=b", "--b\r\n\r\nnameless\r\n--b--")]
    [InlineData("multipart/form-data", "--b--")]
    [InlineData("application/json", "{}")]
    public async Task Create_NoForm_IsRefusedAndStoresNothing(string type, string body)
    {
        var before = Stored();
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } };

        var error = await (await service.Http.PostAsync("/v1/files", content)).ErrorAsync(400);

        Assert.Equal(type.StartsWith("multipart", StringComparison.Ordinal) ? "invalid_form" : "unsupported_content_type", error.Code);
        Assert.Equal(before, Stored());
    }

    [RedisTheory, InlineData(true), InlineData(false)]
    public async Task Create_TwoGigabytes_IsCutOffAndStoresNothing(bool announced)
    {
        var before = Stored();

        var (status, error, _) = await SlowOrEndlessUpload.SendAsync(service, 2L << 30, 1 << 20, TimeSpan.Zero, announced);

        Assert.Equal((413, "file", "file_too_large"), (status, error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
        Assert.Contains("3000000", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(before, Stored());
        Assert.Equal(System.Net.HttpStatusCode.OK, (await service.Http.GetAsync("/health")).StatusCode);
    }

    [RedisFact]
    public async Task List_Pages_EndHonestly()
    {
        foreach (var name in (string[])["1", "2", "3"]) await service.UploadFileAsync("x", "batch", name);

        var first = await (await service.Http.GetAsync("/v1/files?purpose=batch&limit=2&order=asc")).JsonAsync();
        var second = await (await service.Http.GetAsync($"/v1/files?purpose=batch&limit=2&order=asc&after={first.GetProperty("last_id").GetString()}")).JsonAsync();
        var empty = await (await service.Http.GetAsync("/v1/files?purpose=assistants")).JsonAsync();

        Assert.Equal((2, true, 1, false), (first.GetProperty("data").GetArrayLength(), first.GetProperty("has_more").GetBoolean(), second.GetProperty("data").GetArrayLength(), second.GetProperty("has_more").GetBoolean()));
        Assert.Equal("""{"data":[],"has_more":false,"first_id":null,"last_id":null,"object":"list"}""", empty.GetRawText());
    }

    [RedisTheory]
    [InlineData("limit=0", "limit"), InlineData("limit=10001", "limit"), InlineData("limit=x", "limit"), InlineData("limit=1&limit=2", "limit")]
    [InlineData("order=up", "order"), InlineData("purpose=fun", "purpose"), InlineData("after=file-none", "after")]
    public async Task List_FaultyParameter_IsNamed(string query, string param) =>
        Assert.Equal(param, (await (await service.Http.GetAsync("/v1/files?" + query)).ErrorAsync(400)).Param);

    [RedisTheory]
    [InlineData("file-none", 404), InlineData("..%2f..%2fetc%2fpasswd", 404), InlineData("%2e%2e", 404), InlineData("a%0d%0ab", 404), InlineData("file-%00", 400)]
    public async Task Any_UnknownId_IsNotFound(string id, int status)
    {
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Get, ""), (HttpMethod.Delete, ""), (HttpMethod.Get, "/content")])
        {
            var answer = await service.Http.SendAsync(new HttpRequestMessage(method, new Uri(service.Http.BaseAddress + $"v1/files/{id}{path}")));
            Assert.Equal(status, (int)answer.StatusCode);
        }
    }

    [RedisFact]
    public async Task Delete_File_IsGone()
    {
        var id = await service.UploadFileAsync();

        var deleted = await (await service.Http.DeleteAsync($"/v1/files/{id}")).JsonAsync();

        Assert.Equal($$"""{"id":"{{id}}","object":"file","deleted":true}""", deleted.GetRawText());
        await (await service.Http.GetAsync($"/v1/files/{id}")).ErrorAsync(404);
    }

    private string[] Stored() => [.. Directory.EnumerateFiles(service.Artifacts.Root, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)).Order()];

    private static string Part(string name, string text) => $"--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n";

    private static ByteArrayContent Form(string boundary, string text) =>
        new(Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"))) { Headers = { ContentType = MediaTypeHeaderValue.Parse($"multipart/form-data; boundary=\"{boundary}\"") } };
}
