using Microsoft.Extensions.Configuration;

// The application that the tests of the host start; Servers=false leaves out RabbitMQ and Redis, which take seconds.
var builder = DistributedApplication.CreateBuilder(args);

var web = builder.AddProject<Projects.RftAspire_Embedded_Tests_Service>("web")
    .WithHttpEndpoint(port: builder.Configuration.GetValue<int?>("Ports:Web"))
    .WithHttpHealthCheck("/health");
builder.AddExecutable("sleeper", "sh", ".", "-c", "sleep 1000 & sleep 1000");

if (builder.Configuration.GetValue("Servers", true))
{
    var broker = builder.AddRabbitMQ("broker", port: builder.Configuration.GetValue<int?>("Ports:Broker"));
    var cache = builder.AddRedis("cache").WithDataVolume();
    web.WithReference(broker).WaitFor(broker).WithReference(cache).WaitFor(cache);
}

builder.Build().Run();
