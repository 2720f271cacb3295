using MassTransit;
using RftAspire.Contracts;
using RftAspire.Grading;
using RftAspire.Grading.Rollouts;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus => bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>());
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddSingleton<GraderFactory>();
builder.Services.AddSingleton<GradingJobs>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
