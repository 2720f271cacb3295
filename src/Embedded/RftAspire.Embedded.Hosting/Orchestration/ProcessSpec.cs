using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>A command to run, and how to stop it.</summary>
internal sealed record ProcessSpec(string FileName, IReadOnlyList<string> Args, string WorkingDirectory)
{
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(6);
    /// <summary>Held by the processes of the command until the last one is gone.</summary>
    public string? LockFile { get; init; }
}

/// <summary>What a description of a process may depend on; asked again at every start.</summary>
internal sealed record ProcessContext(string ResourceName, DataDirectory Data);

/// <summary>Makes a resource one that runs as processes of this machine.</summary>
internal sealed record ProcessAnnotation(Func<ProcessContext, ProcessSpec> Describe) : IResourceAnnotation
{
    /// <summary>Says what is missing on this machine, or null.</summary>
    public Func<string?> FindObstacle { get; init; } = () => null;
    public bool KeepsData { get; init; }
}

/// <summary>Which replica the present flow of control prepares, so that a resource's own endpoints mean that replica's ports.</summary>
internal static class ReplicaScope
{
    private static readonly AsyncLocal<(IResource Resource, int Index)?> Current = new();

    public static void Enter(IResource resource, int index) => Current.Value = (resource, index);

    public static int IndexOf(IResource resource) => Current.Value is { } scope && ReferenceEquals(scope.Resource, resource) ? scope.Index : 0;
}
