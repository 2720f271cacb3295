using MassTransit;
using RftAspire.Contracts;
using RftAspire.Sampling;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<SamplePromptGroupConsumer, SamplePromptGroupConsumerDefinition>();
    bus.AddConsumer<WeightsPublishedConsumer>().Endpoint(WeightsPublishedConsumer.OnEveryInstance);
});
builder.Services.Configure<MassTransitHostOptions>(SamplePromptGroupConsumer.StopSoon);
builder.Services.AddOptions<SamplingOptions>().BindConfiguration("Sampling").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddSingleton<PolicyCache>();
builder.Services.AddSingleton<SamplingLoop>();
builder.Services.AddHostedService(services => services.GetRequiredService<SamplingLoop>());

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
