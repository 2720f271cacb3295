using Microsoft.Extensions.Options;

namespace RftAspire.Grading.Python;

public static class Registration
{
    /// <summary>The sandbox with its settings; which of its layers hold is logged when the service has started.</summary>
    public static IServiceCollection AddPythonSandbox(this IServiceCollection services)
    {
        services.AddOptions<PythonOptions>().BindConfiguration(PythonOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => new PythonSandbox(
            provider.GetRequiredService<IOptions<PythonOptions>>().Value, provider.GetRequiredService<ILogger<PythonSandbox>>()));
        return services.AddHostedService<ProbeAtStart>();
    }

    private sealed class ProbeAtStart(PythonSandbox sandbox) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken) => sandbox.ProbeAsync();
    }
}
