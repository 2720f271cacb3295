using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Grpc.Core;
using RftAspire.Contracts;
using RftAspire.Jobs;
using RftAspire.Jobs.OpenAi;

namespace RftAspire.Services.Tests.Jobs.OpenAi;

public sealed class ErrorTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    public static TheoryData<StatusCode, int, string, string> Statuses() => new()
    {
        { StatusCode.InvalidArgument, 400, "invalid_request_error", "invalid_value" },
        { StatusCode.Unauthenticated, 401, "invalid_request_error", "invalid_api_key" },
        { StatusCode.PermissionDenied, 403, "permission_error", "insufficient_permissions" },
        { StatusCode.NotFound, 404, "invalid_request_error", "not_found" },
        { StatusCode.FailedPrecondition, 400, "invalid_request_error", "failed_precondition" },
        { StatusCode.AlreadyExists, 409, "invalid_request_error", "conflict" },
        { StatusCode.ResourceExhausted, 429, "rate_limit_error", "limit_reached" },
        { StatusCode.Unavailable, 503, "server_error", "service_unavailable" },
        { StatusCode.DeadlineExceeded, 504, "server_error", "timeout" },
    };

    [Theory, MemberData(nameof(Statuses))]
    public async Task Write_AnyStatus_HasAllFourKeys(StatusCode code, int status, string type, string name)
    {
        var http = new DefaultHttp();

        await ErrorAnswer.Of(new RpcException(new Status(code, "why")), FieldNames.None)!.WriteAsync(http.Context.Response);

        var error = http.Error();
        Assert.Equal(status, http.Context.Response.StatusCode);
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
        Assert.Equal(("why", type, name), (error.GetProperty("message").GetString(), error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.Equal(JsonValueKind.Null, error.GetProperty("param").ValueKind);
        Assert.Equal(status == 503 ? "1" : "", http.Context.Response.Headers.RetryAfter.ToString());
        Assert.Equal(status is 409 or 429 ? "false" : "", http.Context.Response.Headers["x-should-retry"].ToString());
    }

    [Fact]
    public void Of_FieldViolations_NamesTheRoutesFields()
    {
        var names = new FieldNames(("training_dataset_id", "training_file", "file_not_found"), ("grader_json", "method.reinforcement.grader", "invalid_grader"), ("hyperparameters", "h", "invalid_value"));

        var answer = ErrorAnswer.Of(
            Faults.Invalid([new Violation("grader_json", "grader $.graders.a.input: is missing"), new Violation("hyperparameters.steps", "0 is out of range")]), names)!;

        Assert.Equal(("method.reinforcement.grader.graders.a.input", "invalid_grader"), (answer.Param, answer.Code));
        Assert.Equal("method.reinforcement.grader.graders.a.input: is missing; h.steps: 0 is out of range", answer.Message);
    }

    [Fact]
    public void Of_UnplannedFailure_TellsNothing() => Assert.Null(ErrorAnswer.Of(new InvalidDataException("secret"), FieldNames.None));

    [RedisTheory]
    [InlineData("GET", "/v1/nothing", 404, "unknown_url")]
    [InlineData("POST", "/v1/nothing/at/all", 404, "unknown_url")]
    [InlineData("GET", "/elsewhere", 404, "unknown_url")]
    [InlineData("DELETE", "/v1/models", 405, "method_not_allowed")]
    public async Task Request_NoRouteTakesIt_SaysWhichDoes(string method, string path, int status, string code)
    {
        var answer = await service.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));

        var error = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error");
        Assert.Equal((HttpStatusCode)status, answer.StatusCode);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Contains($"{method} {path}", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(status == 405 ? ["GET"] : [], answer.Content.Headers.Allow);
    }

    [RedisTheory, InlineData("/v1/models"), InlineData("/v1/nothing"), InlineData("/health")]
    public async Task Answer_Any_HasAnIdAndItsTime(string path)
    {
        var first = await service.Http.GetAsync(path);
        var second = await service.Http.GetAsync(path);

        Assert.Matches("^req_[0-9a-f]{32}$", first.Headers.GetValues("x-request-id").Single());
        Assert.NotEqual(first.Headers.GetValues("x-request-id").Single(), second.Headers.GetValues("x-request-id").Single());
        Assert.InRange(long.Parse(first.Headers.GetValues("openai-processing-ms").Single(), null), 0, 60_000);
    }
}
