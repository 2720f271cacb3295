using MassTransit;
using RftAspire.Contracts;
using RftAspire.Ingestion;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddMessaging(bus => bus.AddConsumer<IngestDatasetsConsumer, IngestDatasetsConsumerDefinition>());
builder.Services.AddSingleton(ArtifactStore.Open(builder.Configuration, builder.Environment.ContentRootPath));
builder.Services.AddGrpc();

var app = builder.Build();
app.UseServiceKey();
app.MapDefaultEndpoints();
app.MapGrpcService<DatasetChecksService>();
app.Run();
