using RftAspire.Contracts;
using RftAspire.Grading.Canaries;
using RftAspire.Grading.Models;
using RftAspire.Grading.Python;
using RftAspire.Grading.Rollouts;
using RftAspire.Grading.Workbench;

namespace RftAspire.Grading;

/// <summary>The service's own parts.</summary>
public static class Registration
{
    public static void AddGrading(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<GradingOptions>().BindConfiguration("Grading").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
        services.AddPythonSandbox();
        services.AddSingleton<JudgeClient>();
        services.AddSingleton(provider => new GraderFactory
        {
            Judge = provider.GetRequiredService<JudgeClient>(),
            Python = provider.GetRequiredService<PythonSandbox>(),
        });
        services.AddSingleton<GradingJobs>().AddSingleton<GraderChecks>();
        services.AddSingleton<WorkbenchGraders>().AddSingleton<TestRequests>();
    }
}
