using MassTransit;
using RftAspire.Contracts;
using RftAspire.Sampling.Chat;

namespace RftAspire.Sampling;

/// <summary>The service's own parts.</summary>
internal static class Registration
{
    public static void AddSampling(this WebApplicationBuilder builder)
    {
        builder.AddMessaging(AddSamplingConsumers);
        builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
        builder.Services.AddSamplingParts();
    }

    public static void AddSamplingConsumers(this IRegistrationConfigurator bus)
    {
        bus.AddConsumer<SamplePromptGroupConsumer, SamplePromptGroupConsumerDefinition>();
        bus.AddConsumer<CompletePromptConsumer, CompletePromptConsumerDefinition>();
        bus.AddConsumer<CancelCompletionConsumer>().Endpoint(WeightsPublishedConsumer.OnEveryInstance);
        bus.AddConsumer<WeightsPublishedConsumer>().Endpoint(WeightsPublishedConsumer.OnEveryInstance);
    }

    public static void AddSamplingParts(this IServiceCollection services)
    {
        services.Configure<MassTransitHostOptions>(SamplePromptGroupConsumer.StopSoon);
        services.AddOptions<SamplingOptions>().BindConfiguration("Sampling").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<PolicyCache>().AddSingleton<PromptGroupSampler>().AddSingleton<CompletionsAtWork>();
        services.AddSingleton<SamplingLoop>().AddHostedService(provider => provider.GetRequiredService<SamplingLoop>());
        services.AddSingleton<ReplyPump>().AddHostedService(provider => provider.GetRequiredService<ReplyPump>());
    }
}
