using MassTransit;
using RftAspire.Contracts;
using RftAspire.Grading;
using RftAspire.Grading.Rollouts;
using RftAspire.Grading.Workbench;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus => bus.AddConsumer<GradePromptGroupConsumer, GradePromptGroupConsumerDefinition>());
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddSingleton<GraderFactory>();
builder.Services.AddSingleton<GradingJobs>();
builder.Services.AddSingleton<WorkbenchGraders>().AddSingleton<TestRequests>();
builder.Services.AddGrpc();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapGrpcService<GraderWorkbenchService>();
app.Run();
