using MassTransit;
using RftAspire.Jobs;
using RftAspire.Jobs.Evals;
using RftAspire.Jobs.Files;
using RftAspire.Jobs.Graders;
using RftAspire.Jobs.Models;
using RftAspire.Jobs.OpenAi;
using RftAspire.Jobs.Webhooks;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedis();
builder.AddMessaging(bus => bus.AddConsumer<JobEventConsumer, JobEventConsumerDefinition>());
builder.AddJobs();
builder.AddOpenAi();
builder.Services.AddGrpc();

var app = builder.Build();
app.UseOpenAi();
app.MapDefaultEndpoints();
app.MapGrpcService<JobsGrpcService>();
app.MapGrpcService<FilesGrpcService>();
app.MapGrpcService<ModelsGrpcService>();
app.MapGrpcService<WorkbenchGrpcService>();
app.MapGrpcService<EvalsGrpcService>();
app.MapGrpcService<WebhooksGrpcService>();
app.MapOpenAi();
app.Run();
