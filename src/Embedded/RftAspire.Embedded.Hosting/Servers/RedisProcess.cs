using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>How to run redis-server as a private child that has every acknowledged write on disk.</summary>
internal static class RedisProcess
{
    public static string? FindObstacle() => Programs.Find("redis-server") is not null
        ? null
        : "Redis is not installed: apt-get install rabbitmq-server redis-server (or set the connection string of a server that runs elsewhere).";

    public static ProcessSpec Describe(RedisResource resource, ProcessContext context)
    {
        var folder = context.Data.Folder(resource.Name);
        var file = Path.Combine(folder, "redis.conf");
        var password = resource.PasswordParameter!.GetValueAsync().AsTask().GetAwaiter().GetResult();
        DataDirectory.WritePrivately(file, $"""
            bind 127.0.0.1
            port {resource.PrimaryEndpoint.Port}
            requirepass "{password}"
            dir "{folder}"
            appendonly yes
            appendfsync always
            save ""
            daemonize no

            """);
        return new("redis-server", [file], folder) { LockFile = Path.Combine(folder, "server.lock") };
    }
}
