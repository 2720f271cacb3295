using RftAspire.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class JsonBodyTests
{
    [Theory]
    [InlineData("", "line 1, byte 1")]
    [InlineData("{\n \"a\":1,\n \"b\":}", "line 3, byte 6")]
    [InlineData("{\"a\":1,\"a\":2}", "'a'")]
    [InlineData("[1]", "is an array; send an object")]
    [InlineData("{\"a\":1} x", "line 1, byte 9")]
    public async Task Read_UnsoundBody_SaysWhere(string body, string part)
    {
        var error = await Assert.ThrowsAsync<OpenAiException>(() => JsonBody.ReadAsync(new DefaultHttp(body, "application/json").Context.Request));

        Assert.Equal((400, "invalid_json", null), (error.Status, error.Code, error.Param));
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_AMegabyteOfBrackets_IsRefused()
    {
        var deep = "{\"a\":" + new string('[', 1 << 20);

        var error = await Assert.ThrowsAsync<OpenAiException>(() => JsonBody.ReadAsync(new DefaultHttp(deep).Context.Request));

        Assert.Equal("invalid_json", error.Code);
        Assert.True(error.Message.Length < 300, error.Message);
    }

    [Fact]
    public async Task Read_TooLarge_Is413()
    {
        var error = await Assert.ThrowsAsync<OpenAiException>(() => JsonBody.ReadAsync(new DefaultHttp(new byte[JsonBody.MaxBytes + 1]).Context.Request));

        Assert.Equal(413, error.Status);
    }

    [Fact]
    public async Task Read_BrokenBytes_AreRefused()
    {
        var error = await Assert.ThrowsAsync<OpenAiException>(() => JsonBody.ReadAsync(new DefaultHttp([.. "{\"a\":\""u8, 0xff, .. "\"}"u8]).Context.Request));

        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"o\":{\"t\":[1,\"\\ud800\"]}}", "o.t[1]: holds half a surrogate pair; write whole characters")]
    [InlineData("{\"o\":\"\\uD83D\\udca5\"}", null)]
    [InlineData("{\"o\":{\"\\uDC00\":1}}", "The body holds half a surrogate pair in a key.")]
    public async Task Read_HalfASurrogatePair_IsRefusedWithItsPlace(string body, string? message)
    {
        var reading = JsonBody.ReadAsync(new DefaultHttp(body).Context.Request);

        if (message is null) Assert.Equal("💥", (await reading).Text("o"));
        else Assert.Equal(message, (await Assert.ThrowsAsync<OpenAiException>(() => reading)).Message);
    }

    [Theory]
    [InlineData("text/plain", "unsupported_content_type")]
    [InlineData("application/json; charset=utf-8", null)]
    [InlineData(null, null)]
    public async Task Read_ContentType_IsJsonOrAbsent(string? type, string? code)
    {
        var reading = JsonBody.ReadAsync(new DefaultHttp("{}", type).Context.Request);

        Assert.Equal(code, code is null ? (await reading).OptionalText("a") : (await Assert.ThrowsAsync<OpenAiException>(() => reading)).Code);
    }

    [Theory]
    [InlineData("t", "{\"t\":1}", "o.t: is a number; it must be text")]
    [InlineData("w", "{\"w\":\"1\"}", "o.w: is text; it must be a whole number")]
    [InlineData("w", "{\"w\":1.5}", "o.w: 1.5 is no whole number")]
    [InlineData("w", "{\"w\":1e400}", "o.w: 1e400 is no whole number")]
    [InlineData("n", "{\"n\":1e400}", "o.n: 1e400 is out of range")]
    [InlineData("n", "{\"n\":[]}", "o.n: is an array; it must be a number")]
    [InlineData("f", "{\"f\":0}", "o.f: is a number; it must be true or false")]
    [InlineData("o", "{\"o\":true}", "o.o: is true or false; it must be an object")]
    public async Task Field_WrongType_IsNamed(string name, string fields, string message)
    {
        var body = await JsonBody.ReadAsync(new DefaultHttp($"{{\"o\":{fields}}}").Context.Request);
        var inner = body.Fields("o");

        object? Read() => name switch
        {
            "t" => inner.OptionalText("t"),
            "w" => inner.Whole("w"),
            "n" => inner.Number("n"),
            "f" => inner.Flag("f"),
            _ => inner.OptionalFields("o"),
        };

        var error = Assert.Throws<OpenAiException>(Read);
        Assert.Equal((400, "o." + name, message), (error.Status, error.Param, error.Message));
    }
}
