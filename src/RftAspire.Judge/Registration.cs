using RftAspire.Contracts;
using RftAspire.Judge.State;

namespace RftAspire.Judge;

/// <summary>The service's own parts.</summary>
public static class Registration
{
    public static void AddJudge(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<JudgeOptions>().BindConfiguration("Judge").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => ArtifactStore.Open(
            provider.GetRequiredService<IConfiguration>(), provider.GetRequiredService<IHostEnvironment>().ContentRootPath));
        services.AddSingleton<OwnModels>().AddHostedService(provider => provider.GetRequiredService<OwnModels>());
        services.AddSingleton<JudgeModels>().AddSingleton<JudgeMetrics>().AddSingleton<JudgeStore>().AddSingleton<Panel>();
    }
}
