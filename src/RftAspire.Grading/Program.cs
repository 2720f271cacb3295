using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using RftAspire.Contracts;
using RftAspire.Grading;
using RftAspire.Grading.Canaries;
using RftAspire.Grading.Models;
using RftAspire.Grading.Remote;
using RftAspire.Grading.Rollouts;
using StackExchange.Redis;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus =>
{
    bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>();
    bus.AddConsumer<CheckGraderConsumer>();
});
builder.AddRedis(whenAway: HealthStatus.Degraded);
builder.Services.Configure<MassTransitHostOptions>(GradePromptGroupConsumer.StopSoon);
builder.Services.AddOptions<GradingOptions>().BindConfiguration("Grading").ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddSingleton<JudgeClient>();
builder.Services.AddSingleton<RemoteLines>();
builder.Services.AddSingleton<Func<ConnectionMultiplexer>>(services => services.GetRequiredService<ConnectionMultiplexer>);
builder.Services.AddSingleton<GradeCache>();
builder.Services.AddSingleton(services => new GraderFactory
{
    Judge = services.GetRequiredService<JudgeClient>(),
    Lines = services.GetRequiredService<RemoteLines>(),
    Cache = services.GetRequiredService<GradeCache>(),
});
builder.Services.AddSingleton<GradingJobs>();
builder.Services.AddSingleton<GroupsAtWork>();
builder.Services.AddSingleton<GraderChecks>();
builder.Services.AddHostedService<OutageNews>();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
