namespace Aspire.Hosting.Orchestration;

/// <summary>Runs a project from its built assembly, which starts at once; without one, through the SDK.</summary>
internal static class ProjectProcess
{
    public static ProcessSpec Describe(IProjectMetadata project, ProcessContext context)
    {
        if (!File.Exists(project.ProjectPath))
            throw new DistributedApplicationException($"Project '{project.ProjectPath}' of resource '{context.ResourceName}' does not exist.");
        var directory = Path.GetDirectoryName(project.ProjectPath)!;
        if (project.AssemblyPath is not { } assembly)
            return new(DotNet(), ["run", "--project", project.ProjectPath, "--no-launch-profile"], directory);
        return File.Exists(assembly)
            ? new(DotNet(), ["exec", assembly], directory)
            : throw new DistributedApplicationException($"Assembly '{assembly}' of resource '{context.ResourceName}' does not exist: build the AppHost.");
    }

    private static string DotNet() => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
}
