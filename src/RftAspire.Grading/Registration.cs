using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RftAspire.Contracts;
using RftAspire.Grading.Canaries;
using RftAspire.Grading.Models;
using RftAspire.Grading.Python;
using RftAspire.Grading.Remote;
using RftAspire.Grading.Rollouts;
using RftAspire.Grading.Workbench;
using StackExchange.Redis;

namespace RftAspire.Grading;

/// <summary>The service's own parts.</summary>
public static class Registration
{
    public static void AddGrading(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        builder.AddRedis(whenAway: HealthStatus.Degraded);
        services.Configure<MassTransitHostOptions>(GradePromptGroupConsumer.StopSoon);
        services.AddOptions<GradingOptions>().BindConfiguration("Grading").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
        services.AddPythonSandbox();
        services.AddSingleton<JudgeClient>();
        services.AddSingleton<RemoteLines>();
        services.AddSingleton<Func<ConnectionMultiplexer>>(provider => provider.GetRequiredService<ConnectionMultiplexer>);
        services.AddSingleton<GradeCache>();
        services.AddSingleton(provider => new GraderFactory
        {
            Judge = provider.GetRequiredService<JudgeClient>(),
            Python = provider.GetRequiredService<PythonSandbox>(),
            Lines = provider.GetRequiredService<RemoteLines>(),
            Cache = provider.GetRequiredService<GradeCache>(),
        });
        services.AddSingleton<GradingJobs>().AddSingleton<GroupsAtWork>().AddSingleton<GraderChecks>();
        services.AddSingleton<WorkbenchGraders>().AddSingleton<TestRequests>();
        services.AddHostedService<OutageNews>();
    }
}
