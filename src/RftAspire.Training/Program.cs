using MassTransit;
using RftAspire.Contracts;
using RftAspire.Training;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<StartTrainingConsumer>();
    bus.AddConsumer<PauseTrainingConsumer>();
    bus.AddConsumer<CancelTrainingConsumer>();
    bus.AddConsumer<PromptGroupGradedConsumer, PromptGroupGradedConsumerDefinition>();
    bus.AddConsumer<PromptGroupFaultConsumer>();
    bus.AddConsumer<GradingPauseConsumer>().Endpoint(GradingPauseConsumer.OnEveryInstance);
});
builder.Services.AddOptions<TrainingOptions>().BindConfiguration("Training").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddSingleton<TrainingBacklog>();
builder.Services.AddSingleton(new GradingPauses(TimeProvider.System));
builder.Services.AddSingleton<RolloutExchange>();
builder.Services.AddHostedService<TrainingLoop>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
