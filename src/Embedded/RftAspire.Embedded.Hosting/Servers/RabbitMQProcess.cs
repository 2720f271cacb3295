using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>How to run rabbitmq-server as a private, small and loopback-only child of any user.</summary>
internal static class RabbitMQProcess
{
    // The script behind the package's wrapper, which would change the user; elsewhere the program itself is that script.
    private const string UnwrappedScript = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    // Erlang's port mapper runs in the broker's own group, so that it ends with it instead of staying as a daemon.
    private const string Command = """epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" & exec "$@" """;
    private const string SmallAndPrivate = "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none +A 16 +SDio 8 -kernel inet_dist_use_interface {127,0,0,1}";

    public static string? FindObstacle() => Script() is not null && Programs.Find("epmd") is not null
        ? null
        : "RabbitMQ is not installed: apt-get install rabbitmq-server redis-server (or set the connection string of a server that runs elsewhere).";

    public static ProcessSpec Describe(RabbitMQServerResource resource, ProcessContext context)
    {
        var folder = context.Data.Folder(resource.Name);
        WriteConfiguration(resource, folder);
        return new("sh", ["-c", Command, "sh", Script()!], folder)
        {
            Environment = Variables(resource.Name, folder),
            Grace = TimeSpan.FromSeconds(8),
            LockFile = Path.Combine(folder, "server.lock"),
        };
    }

    private static string? Script() => File.Exists(UnwrappedScript) ? UnwrappedScript : Programs.Find("rabbitmq-server");

    private static void WriteConfiguration(RabbitMQServerResource resource, string folder)
    {
        var user = Value(resource.UserNameReference);
        var password = Value(resource.PasswordParameter);
        DataDirectory.WritePrivately(Path.Combine(folder, "rabbitmq.conf"), $"""
            listeners.tcp.default = 127.0.0.1:{resource.PrimaryEndpoint.Port}
            default_user = {user}
            default_pass = {password}
            log.file = false
            log.console = true
            log.console.level = info
            log.connection.level = warning
            disk_free_limit.absolute = 50MB

            """);
        DataDirectory.WritePrivately(Path.Combine(folder, "enabled_plugins"), "[].\n");
    }

    // The node's name is part of where it keeps its data and stays; ports may differ from run to run.
    private static Dictionary<string, string> Variables(string name, string folder) => new()
    {
        ["HOME"] = folder,
        ["RABBITMQ_NODENAME"] = $"{name}@localhost",
        ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
        ["RABBITMQ_DIST_PORT"] = Ports.Free().ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["ERL_EPMD_ADDRESS"] = "127.0.0.1",
        ["ERL_EPMD_PORT"] = Ports.Free().ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["RABBITMQ_CONFIG_FILE"] = Path.Combine(folder, "rabbitmq.conf"),
        ["RABBITMQ_CONF_ENV_FILE"] = "/dev/null",
        ["RABBITMQ_ENABLED_PLUGINS_FILE"] = Path.Combine(folder, "enabled_plugins"),
        ["RABBITMQ_FEATURE_FLAGS_FILE"] = Path.Combine(folder, "feature_flags"),
        ["RABBITMQ_MNESIA_BASE"] = Path.Combine(folder, "mnesia"),
        ["RABBITMQ_LOG_BASE"] = Path.Combine(folder, "log"),
        ["RABBITMQ_LOGS"] = "-",
        ["RABBITMQ_PID_FILE"] = Path.Combine(folder, "server.pid"),
        ["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"] = SmallAndPrivate,
        // Makes the script become the server instead of waiting beside it; the supervisor passes signals on already.
        ["detached"] = "1",
    };

    private static string Value(IValueProvider provider) => provider.GetValueAsync().AsTask().GetAwaiter().GetResult() ?? "";
}
