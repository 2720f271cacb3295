using System.Text.Json;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;
using StackExchange.Redis;

namespace RftAspire.Jobs.Access;

/// <summary>
/// Records every call that may change something, however it ends. It stands behind the rate limit, or a flood of calls would
/// push out of the log what came before.
/// </summary>
public sealed partial class AuditTrail(RequestDelegate next, AuditLog log, ILogger<AuditTrail> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        var endpoint = http.GetEndpoint() as RouteEndpoint;
        if (http.FindCaller()?.Caller is not { } caller || endpoint?.Metadata.GetMetadata<NeedsAttribute>() is null or { Reads: true })
        {
            await next(http);
            return;
        }
        StatusCode? failure = StatusCode.Internal;
        try
        {
            await next(http);
            failure = null;
        }
        catch (RpcException error)
        {
            failure = error.StatusCode;
            throw;
        }
        finally
        {
            await RecordAsync(caller, Action(http, endpoint), Target(caller, http), Name(failure ?? Outcome(http)));
        }
    }

    private async Task RecordAsync(Caller caller, string action, string target, string outcome)
    {
        try
        {
            await log.WriteAsync(caller, action, target, outcome);
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            LogLost(error.Message, caller.Tenant, caller.KeyId, action, AuditLog.Plain(target), outcome);
        }
    }

    private static string Action(HttpContext http, RouteEndpoint endpoint)
    {
        var route = endpoint.RoutePattern.RawText!.TrimStart('/');
        return Refusal.IsGrpc(http) ? route : $"{http.Request.Method} /{route}";
    }

    private static string Target(Caller caller, HttpContext http) =>
        caller.Target.Length > 0 ? caller.Target : string.Join('/', http.Request.RouteValues.Values);

    private static StatusCode Outcome(HttpContext http)
    {
        if (!Refusal.IsGrpc(http)) return OfHttp(http.Response.StatusCode);
        var status = http.Response.Headers["grpc-status"].ToString();
        if (status.Length == 0) status = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers["grpc-status"].ToString() ?? "";
        // A call without a status was broken off by its caller.
        return int.TryParse(status, out var code) ? (StatusCode)code : StatusCode.Cancelled;
    }

    private static StatusCode OfHttp(int status) => status switch
    {
        < 400 => StatusCode.OK,
        StatusCodes.Status401Unauthorized => StatusCode.Unauthenticated,
        StatusCodes.Status403Forbidden => StatusCode.PermissionDenied,
        StatusCodes.Status404NotFound => StatusCode.NotFound,
        StatusCodes.Status409Conflict => StatusCode.Aborted,
        StatusCodes.Status429TooManyRequests => StatusCode.ResourceExhausted,
        StatusCodes.Status501NotImplemented => StatusCode.Unimplemented,
        StatusCodes.Status503ServiceUnavailable => StatusCode.Unavailable,
        StatusCodes.Status504GatewayTimeout => StatusCode.DeadlineExceeded,
        < 500 => StatusCode.InvalidArgument,
        _ => StatusCode.Internal,
    };

    private static string Name(StatusCode code) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(code.ToString());

    [LoggerMessage(Level = LogLevel.Error, Message = "The audit log cannot be written ({Reason}): tenant {Tenant}, key {KeyId}, {Action} {Target}: {Outcome}")]
    private partial void LogLost(string reason, string tenant, string keyId, string action, string target, string outcome);
}
