using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

public static partial class Extensions
{
    private const string RedisSetting = "ConnectionStrings:redis";

    /// <summary>How long one Redis command may take.</summary>
    public static TimeSpan RedisDeadline { get; } = TimeSpan.FromSeconds(10);

    /// <summary>A command within the deadline.</summary>
    public static Task Soon(Task command) => command.WaitAsync(RedisDeadline);

    /// <summary>A command's answer within the deadline.</summary>
    public static Task<T> Soon<T>(Task<T> command) => command.WaitAsync(RedisDeadline);

    /// <summary>Runs a script within the deadline: by text, not by digest, since a restarted Redis has forgotten the digests that the client believes it knows.</summary>
    public static Task<RedisResult> EvaluateAsync(this IDatabase database, string script, RedisKey[] keys, RedisValue[] values) =>
        Soon(database.ScriptEvaluateAsync(script, keys, values, CommandFlags.NoScriptCache));

    /// <summary>One <see cref="ConnectionMultiplexer"/> on <c>ConnectionStrings:redis</c> for the whole service, with a health check.</summary>
    /// <param name="builder">The service.</param>
    /// <param name="whenAway">What the service is without Redis.</param>
    public static TBuilder AddRedis<TBuilder>(this TBuilder builder, HealthStatus whenAway = HealthStatus.Unhealthy) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddSingleton(services => ConnectRedis(
            services.GetRequiredService<IConfiguration>(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger("RftAspire.Redis")));
        builder.Services.AddHealthChecks().AddCheck<RedisCheck>("redis", whenAway);
        return builder;
    }

    private static ConnectionMultiplexer ConnectRedis(IConfiguration configuration, ILogger logger)
    {
        var options = ConfigurationOptions.Parse(configuration[RedisSetting] is { Length: > 0 } text ? text : "localhost:6379");
        // A service that starts before Redis must find it later instead of dying.
        options.AbortOnConnectFail = false;
        options.ConnectTimeout = 2000;
        options.SyncTimeout = (int)RedisDeadline.TotalMilliseconds;
        var address = string.Join(',', options.EndPoints.Select(endpoint => endpoint.ToString()!.Replace("Unspecified/", "", StringComparison.Ordinal)));
        var redis = ConnectionMultiplexer.Connect(options);
        var watch = new RedisWatch(logger, address);
        if (!redis.IsConnected) watch.Down("no answer");
        redis.ConnectionFailed += (_, failure) => watch.Down(failure.FailureType.ToString());
        redis.ConnectionRestored += (_, _) => watch.Up();
        return redis;
    }

    private sealed class RedisCheck(ConnectionMultiplexer redis) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                await redis.GetDatabase().PingAsync().WaitAsync(RedisDeadline, cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (Exception error) when (error is RedisException or TimeoutException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"Redis does not answer; see {RedisSetting}");
            }
        }
    }

    // Two sockets (commands and subscriptions) fail and return together; one line an outage is enough.
    private sealed partial class RedisWatch(ILogger logger, string address)
    {
        private int _down;

        public void Down(string reason)
        {
            if (Interlocked.Exchange(ref _down, 1) == 0) LogDown(address, reason, RedisSetting);
        }

        public void Up()
        {
            if (Interlocked.Exchange(ref _down, 0) == 1) LogBack(address);
        }

        [LoggerMessage(Level = LogLevel.Error, Message = "Redis at {Address} cannot be used: {Reason}. Start it, or set {Setting} to another one; trying on")]
        private partial void LogDown(string address, string reason, string setting);

        [LoggerMessage(Level = LogLevel.Information, Message = "Redis at {Address} is connected")]
        private partial void LogBack(string address);
    }
}
