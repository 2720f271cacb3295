using MassTransit;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Jobs;
using RftAspire.Jobs.Access;
using RftAspire.Jobs.Chat;
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
builder.Services.AddAccess();
builder.Services.AddGrpc();
builder.Services.AddGrpcReflection();
builder.Services.AddGrpcHealthChecks();

var app = builder.Build();
app.UseOpenAi();
app.UseAccess();
app.MapDefaultEndpoints();
var grpc = app.MapGrpcFace();
grpc.MapGrpcService<JobsGrpcService>();
grpc.MapGrpcService<FilesGrpcService>();
grpc.MapGrpcService<ModelsGrpcService>();
grpc.MapGrpcService<ChatGrpcService>();
grpc.MapGrpcService<WorkbenchGrpcService>();
grpc.MapGrpcService<WebhooksGrpcService>();
grpc.MapGrpcService<KeysGrpcService>();
grpc.MapGrpcReflectionService().Needs(Role.Viewer);
// After the others: the first service mapped also answers for services that nobody has.
app.MapGrpcHealthChecksService().AllowAnonymous();
app.MapOpenAi();
app.Run();
