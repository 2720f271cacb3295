using Microsoft.Extensions.Configuration;

var builder = DistributedApplication.CreateBuilder(args);
var settings = builder.Configuration;

var data = Path.GetFullPath(settings["Hosting:DataDirectory"] ?? "../.rft", builder.AppHostDirectory);
var artifacts = Path.GetFullPath(settings["Artifacts:Root"] ?? Path.Combine(data, "artifacts"), builder.AppHostDirectory);
var baseModels = Path.GetFullPath(settings["Artifacts:BaseModels"] ?? "../models", builder.AppHostDirectory);

// What every service stands on: messages, live state that survives a crash, and a folder of artifacts.
var messaging = builder.AddRabbitMQ("messaging").WithDataVolume();
var redis = builder.AddRedis("redis").WithDataVolume().WithArgs("--appendonly", "yes", "--appendfsync", "always");

// By which services know each other: the inner ones ask for no key of a user.
var serviceKey = builder.AddParameter("service-key", new GenerateParameterDefault { MinLength = 32, Special = false }, secret: true, persist: true);

// The ring: Jobs hands a dataset to Ingestion, Training asks Sampling for rollouts, Grading rewards them
// (and asks Judge where a grader is a model), Training learns.
var ingestion = Service(builder.AddProject<Projects.RftAspire_Ingestion>("ingestion")
    .WithEndpoint("http", endpoint => endpoint.Port = null)
    .WithEndpoint("grpc", endpoint => endpoint.Port = null));
Service(builder.AddProject<Projects.RftAspire_Sampling>("sampling").WithHttpEndpoint())
    .WithReplicas(settings.GetValue("Parameters:sampling-replicas", 1));
var judge = Service(builder.AddProject<Projects.RftAspire_Judge>("judge")
    .WithEndpoint("http", endpoint => endpoint.Port = null)
    .WithEndpoint("grpc", endpoint => endpoint.Port = null));
var grading = Service(builder.AddProject<Projects.RftAspire_Grading>("grading")
    .WithEndpoint("http", endpoint => endpoint.Port = null)
    .WithEndpoint("grpc", endpoint => endpoint.Port = null)
    .WithReference(judge).WaitFor(judge));
Service(builder.AddProject<Projects.RftAspire_Training>("training").WithHttpEndpoint());

// The public face. Its own settings name the endpoints, as gRPC without TLS needs a port that speaks HTTP/2 alone.
Service(builder.AddProject<Projects.RftAspire_Jobs>("jobs")
    .WithEndpoint("http", endpoint => endpoint.Port = settings.GetValue("Ports:Rest", 7080))
    .WithEndpoint("grpc", endpoint => endpoint.Port = settings.GetValue("Ports:Grpc", 7081))
    .WithExternalHttpEndpoints()
    .WithEnvironment("Access__DevKeyFile", Path.Combine(data, "dev-key"))
    .WithReference(ingestion).WaitFor(ingestion)
    .WithReference(grading).WaitFor(grading));

builder.Build().Run();

IResourceBuilder<ProjectResource> Service(IResourceBuilder<ProjectResource> service) => service
    .WithReference(messaging).WaitFor(messaging)
    .WithReference(redis).WaitFor(redis)
    .WithEnvironment("ServiceKey", serviceKey)
    .WithEnvironment("Artifacts__Root", artifacts)
    .WithEnvironment("Artifacts__BaseModels", baseModels)
    .WithHttpHealthCheck("/health", endpointName: "http");
