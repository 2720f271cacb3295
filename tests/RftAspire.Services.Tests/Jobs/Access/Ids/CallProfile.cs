using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using StackExchange.Redis;

namespace RftAspire.Services.Tests.Jobs.Access.Ids;

/// <summary>The Redis commands that a call has led to, known when all of the call is over.</summary>
internal sealed class CallProfile : IStartupFilter
{
    public const string Header = "x-test-call";

    private readonly RedisProfile _redis = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource<string>> _calls = new();

    public void Watch(ConnectionMultiplexer redis) => _redis.Watch(redis);

    public Task<string> OfAsync(string call) => Call(call).Task.WaitAsync(TimeSpan.FromSeconds(30));

    // The outermost of the pipeline: some commands run behind the answer.
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(async (http, served) =>
        {
            if (http.Request.Headers[Header].ToString() is not { Length: > 0 } call)
            {
                await served(http);
                return;
            }
            _redis.Begin();
            try
            {
                await served(http);
            }
            finally
            {
                Call(call).SetResult(_redis.End());
            }
        });
        next(app);
    };

    private TaskCompletionSource<string> Call(string call) => _calls.GetOrAdd(call, _ => new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <summary>The commands of one asynchronous flow; each supply line has another version of the client.</summary>
#if EMBEDDED
internal sealed class RedisProfile : IProfiler
{
    private readonly AsyncLocal<object?> _flow = new();
    private ConnectionMultiplexer? _watched;

    public object? GetContext() => _flow.Value;

    public void Watch(ConnectionMultiplexer redis) => (_watched = redis).RegisterProfiler(this);

    public void Begin() => _watched!.BeginProfiling(_flow.Value = new object());

    public string End() => string.Join(' ', _watched!.FinishProfiling(_flow.Value!).OrderBy(command => command.CommandCreated).Select(command => command.Command));
}
#else
internal sealed class RedisProfile
{
    private readonly AsyncLocal<StackExchange.Redis.Profiling.ProfilingSession?> _flow = new();

    public void Watch(ConnectionMultiplexer redis) => redis.RegisterProfiler(() => _flow.Value);

    public void Begin() => _flow.Value = new();

    public string End() => string.Join(' ', _flow.Value!.FinishProfiling().OrderBy(command => command.CommandCreated).Select(command => command.Command));
}
#endif
