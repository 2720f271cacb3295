using MassTransit;
using RftAspire.Jobs;
using RftAspire.Jobs.Graders;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedis();
builder.AddMessaging(bus => bus.AddConsumer<JobEventConsumer, JobEventConsumerDefinition>());
builder.AddJobs();
builder.Services.AddGrpc();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapGrpcService<JobsGrpcService>();
app.MapGrpcService<WorkbenchGrpcService>();
app.MapOpenAi();
app.Run();
