namespace Aspire.Hosting.ApplicationModel;

/// <summary>The commands every process has.</summary>
public static class KnownResourceCommands
{
    public static readonly string StartCommand = "start";
    public static readonly string StopCommand = "stop";
    public static readonly string RestartCommand = "restart";
}

/// <summary>How a command ended.</summary>
public sealed class ExecuteCommandResult
{
    public required bool Success { get; init; }
    public bool Canceled { get; init; }
    public string? ErrorMessage { get; init; }
}

/// <summary>The usual command results.</summary>
public static class CommandResults
{
    public static ExecuteCommandResult Success() => new() { Success = true };
    public static ExecuteCommandResult Failure(string? errorMessage = null) => new() { Success = false, ErrorMessage = errorMessage };
}

/// <summary>Starts, stops and restarts resources, or single replicas, by name.</summary>
public sealed class ResourceCommandService
{
    private Func<string, string, CancellationToken, Task<ExecuteCommandResult>>? execute;

    public Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteCommandAsync(resource.Name, commandName, cancellationToken);

    public Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        execute is null
            ? Task.FromResult(CommandResults.Failure("The application has not started."))
            : execute(resourceId, commandName, cancellationToken);

    internal void Attach(Func<string, string, CancellationToken, Task<ExecuteCommandResult>> handler) => execute = handler;
}
