using MassTransit;
using RftAspire.Contracts;
using RftAspire.Training;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<StartTrainingConsumer>();
    bus.AddConsumer<CancelTrainingConsumer>();
    bus.AddConsumer<PromptGroupGradedConsumer, PromptGroupGradedConsumerDefinition>();
    bus.AddConsumer<PromptGroupFaultConsumer>();
});
builder.Services.AddOptions<TrainingOptions>().BindConfiguration("Training").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton(new ArtifactStore(
    builder.Configuration["Artifacts:Root"] ?? ".rft/artifacts", builder.Configuration["Artifacts:BaseModels"] ?? "models"));
builder.Services.AddSingleton<TrainingBacklog>();
builder.Services.AddSingleton<RolloutExchange>();
builder.Services.AddHostedService<TrainingLoop>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
