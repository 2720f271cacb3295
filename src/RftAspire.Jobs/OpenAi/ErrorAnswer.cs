using System.Globalization;
using Grpc.Core;
using RftAspire.Contracts;
using StackExchange.Redis;

namespace RftAspire.Jobs.OpenAi;

/// <summary>The one form of error that the REST face has; all four keys are always there.</summary>
internal sealed record ErrorBody(ErrorDetail Error);

internal sealed record ErrorDetail(string Message, string Type, string? Param, string? Code);

/// <summary>What the REST face says of a failure.</summary>
internal sealed record ErrorAnswer(int Status, string Message, string? Param, string? Code)
{
    private const int RetryAfterSeconds = 1;
    private const int LongestMessage = 4000;
    private const int LongestParam = 200;

    // A caller's own text may stand in both; nobody reads a megabyte of it.
    public ErrorBody Body => new(new ErrorDetail(Shorten(Message, LongestMessage), Type, Param is null ? null : Shorten(Param, LongestParam), Code));

    private string Type => Status switch
    {
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>The answer to a failure; null to one that nobody planned for.</summary>
    public static ErrorAnswer? Of(Exception failure, FieldNames names) => failure switch
    {
        OpenAiException fault => new ErrorAnswer(fault.Status, fault.Message, fault.Param, fault.Code),
        RpcException { StatusCode: StatusCode.InvalidArgument } fault => OfFields(fault, names),
        RpcException fault => OfStatus(fault),
        RedisException or TimeoutException => new ErrorAnswer(503, "The job store (Redis) does not answer; try again.", null, "service_unavailable"),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new ErrorAnswer(
            413, "The body is larger than this route takes; send less.", null, "body_too_large"),
        BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout } => new ErrorAnswer(
            408, "The body arrives too slowly; send it faster, or in parts through /v1/uploads.", null, "body_too_slow"),
        BadHttpRequestException fault => new ErrorAnswer(fault.StatusCode, $"The request cannot be read: {fault.Message}", null, "bad_request"),
        _ => null,
    };

    public async Task WriteAsync(HttpResponse response)
    {
        response.StatusCode = Status;
        if (Status == StatusCodes.Status401Unauthorized) response.Headers.WWWAuthenticate = "Bearer";
        if (Status == StatusCodes.Status503ServiceUnavailable && !response.Headers.ContainsKey("Retry-After"))
            response.Headers.RetryAfter = RetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
        // SDKs repeat these by themselves, and none of ours goes away by that but calls that come too fast, which are told when to come again.
        if (Status is StatusCodes.Status409Conflict or StatusCodes.Status429TooManyRequests && !response.Headers.ContainsKey("Retry-After")) response.Headers["x-should-retry"] = "false";
        await response.WriteAsJsonAsync(Body);
    }

    private static string Shorten(string text, int length) => text.Length <= length ? text : text[..(length - 1)] + "…";

    private static ErrorAnswer OfFields(RpcException fault, FieldNames names)
    {
        var faults = InvalidRequest.Read(fault).Select(names.Translate).ToList();
        return faults.Count == 0
            ? new ErrorAnswer(400, fault.Status.Detail, null, "invalid_value")
            : new ErrorAnswer(400, string.Join("; ", faults.Select(one => $"{one.Param}: {one.Description}")), faults[0].Param, faults[0].Code);
    }

    private static ErrorAnswer? OfStatus(RpcException fault) => fault.StatusCode switch
    {
        StatusCode.Unauthenticated => new ErrorAnswer(401, fault.Status.Detail, null, "invalid_api_key"),
        StatusCode.PermissionDenied => new ErrorAnswer(403, fault.Status.Detail, null, "insufficient_permissions"),
        StatusCode.NotFound => new ErrorAnswer(404, fault.Status.Detail, null, "not_found"),
        StatusCode.AlreadyExists or StatusCode.Aborted => new ErrorAnswer(409, fault.Status.Detail, null, "conflict"),
        StatusCode.FailedPrecondition or StatusCode.OutOfRange => new ErrorAnswer(400, fault.Status.Detail, null, "failed_precondition"),
        StatusCode.ResourceExhausted => new ErrorAnswer(429, fault.Status.Detail, null, "limit_reached"),
        StatusCode.Unavailable => new ErrorAnswer(503, fault.Status.Detail, null, "service_unavailable"),
        StatusCode.DeadlineExceeded => new ErrorAnswer(504, fault.Status.Detail, null, "timeout"),
        StatusCode.Unimplemented => new ErrorAnswer(501, fault.Status.Detail, null, "not_implemented"),
        _ => null,
    };
}
