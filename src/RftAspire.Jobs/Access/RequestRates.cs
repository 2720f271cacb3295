using System.Threading.RateLimiting;
using Grpc.Core;
using Microsoft.AspNetCore.RateLimiting;

namespace RftAspire.Jobs.Access;

/// <summary>Calls a second of one tenant, over both faces together: a bucket that holds one second's calls.</summary>
internal static class RequestRates
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    public static void Set(RateLimiterOptions options)
    {
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, Rate>(PartitionOf);
        options.OnRejected = (context, _) => new ValueTask(RefuseAsync(context));
    }

    // The rate is part of the key, so that a changed limit is a new bucket.
    private static RateLimitPartition<Rate> PartitionOf(HttpContext http) =>
        http.FindCaller() is { Limits.RequestsPerSecond: > 0 and var calls } identity
            ? RateLimitPartition.GetTokenBucketLimiter(new Rate(identity.Caller.Tenant, calls), BucketOf)
            : RateLimitPartition.GetNoLimiter(new Rate("", 0));

    private static TokenBucketRateLimiterOptions BucketOf(Rate rate) =>
        new() { TokenLimit = rate.Calls, TokensPerPeriod = rate.Calls, ReplenishmentPeriod = s_second };

    private static Task RefuseAsync(OnRejectedContext context)
    {
        var identity = context.HttpContext.FindCaller()!;
        var pause = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : s_second;
        return Refusal.WriteAsync(
            context.HttpContext, StatusCode.ResourceExhausted,
            $"tenant {identity.Caller.Tenant} may make {identity.Limits.RequestsPerSecond} calls a second (requests_per_second); send fewer, or have the limit raised",
            pause);
    }

    private sealed record Rate(string Tenant, int Calls);
}
