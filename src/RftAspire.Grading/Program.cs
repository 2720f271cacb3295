using MassTransit;
using RftAspire.Contracts;
using RftAspire.Grading;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus => bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>());
builder.Services.AddSingleton(new ArtifactStore(
    builder.Configuration["Artifacts:Root"] ?? ".rft/artifacts", builder.Configuration["Artifacts:BaseModels"] ?? "models"));
builder.Services.AddSingleton<GradingJobs>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
