using MassTransit;
using RftAspire.Contracts;
using RftAspire.Grading;
using RftAspire.Grading.Canaries;
using RftAspire.Grading.Models;
using RftAspire.Grading.Rollouts;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>();
    bus.AddConsumer<CheckGraderConsumer>();
});
builder.Services.AddOptions<GradingOptions>().BindConfiguration("Grading").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddSingleton<JudgeClient>();
builder.Services.AddSingleton(services => new GraderFactory { Judge = services.GetRequiredService<JudgeClient>() });
builder.Services.AddSingleton<GradingJobs>();
builder.Services.AddSingleton<GraderChecks>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
