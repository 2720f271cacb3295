using System.Net.Http.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace RftAspire.Embedded.Tests.Hosting;

public sealed class ProjectTests
{
    [Fact]
    public async Task Start_AppHostOfATest_ServesAndTellsItsAddress()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.RftAspire_Embedded_Tests_AppHost>(["--Servers=false"], timeout.Token);
        await using var app = await builder.BuildAsync(timeout.Token);
        await app.StartAsync(timeout.Token);
        var ready = await app.ResourceNotifications.WaitForResourceHealthyAsync("web", timeout.Token);
        using var client = app.CreateHttpClient("web");
        var seen = await client.GetFromJsonAsync<Dictionary<string, string>>("/environment", timeout.Token);
        Assert.Equal(app.GetEndpoint("web").ToString().TrimEnd('/'), seen!["ASPNETCORE_URLS"]);
        Assert.Equal("web", seen["OTEL_SERVICE_NAME"]);
        Assert.Equal($"service.instance.id={ready.ResourceId["web-".Length..]}", seen["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.EndsWith("RftAspire.Embedded.Tests.Service", await client.GetStringAsync("/directory", timeout.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateAsync_ModelChangedBeforeBuild_RunsTheChange()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.RftAspire_Embedded_Tests_AppHost>(["--Servers=false"], timeout.Token);
        builder.AddExecutable("added", "sh", "/", "-c", "exit 5");
        await using var app = await builder.BuildAsync(timeout.Token);
        await app.StartAsync(timeout.Token);
        var end = await app.ResourceNotifications.WaitForResourceAsync("added", seen => seen.Snapshot.ExitCode is not null, timeout.Token);
        Assert.Equal(5, end.Snapshot.ExitCode);
    }

    [Fact]
    public async Task WithReplicas_Two_EachHasItsPortAndOthersSeeBoth()
    {
        await using var test = new TestApplication();
        var web = test.Builder.AddProject<Projects.RftAspire_Embedded_Tests_Service>("web").WithHttpEndpoint().WithHttpHealthCheck("/health").WithReplicas(2);
        test.Shell("client", "echo $services__web__http__0; echo $services__web__http__1").WithReference(web.GetEndpoint("http")).WaitFor(web);
        await test.StartAsync();
        var addresses = await test.OutputAsync("client");
        var listening = await Task.WhenAll(addresses.Select(async address =>
        {
            using var client = new HttpClient();
            return (await client.GetFromJsonAsync<Dictionary<string, string>>($"{address}/environment", test.Deadline))!["ASPNETCORE_URLS"];
        }));
        Assert.Equal(2, addresses.Distinct().Count());
        Assert.Equal(addresses, listening);
    }

    [Fact]
    public async Task WithReplicas_OneReplicaKilled_OnlyThatOneIsFinished()
    {
        await using var test = new TestApplication();
        test.Builder.AddProject<Projects.RftAspire_Embedded_Tests_Service>("web").WithHttpEndpoint().WithHttpHealthCheck("/health").WithReplicas(2);
        await test.StartAsync();
        var first = await test.Notifications.WaitForResourceHealthyAsync("web", test.Deadline);
        var pid = (int)first.Snapshot.Properties.Single(property => property.Name == "executable.pid").Value!;
        System.Diagnostics.Process.GetProcessById(pid).Kill();
        var end = await test.Notifications.WaitForResourceAsync("web", seen => seen.Snapshot.ExitCode is not null, test.Deadline);
        Assert.Equal((first.ResourceId, KnownResourceStates.Finished, 137), (end.ResourceId, end.Snapshot.State!.Text, end.Snapshot.ExitCode!.Value));
        await test.App.ResourceCommands.ExecuteCommandAsync(first.ResourceId, "start");
        await test.Notifications.WaitForResourceAsync(first.ResourceId, seen => seen.Snapshot.HealthStatus == HealthStatus.Healthy, test.Deadline);
    }

    [Fact]
    public async Task WithHttpHealthCheck_WrongPath_IsUnhealthyWithTheReason()
    {
        await using var test = new TestApplication();
        test.Builder.AddProject<Projects.RftAspire_Embedded_Tests_Service>("web").WithHttpEndpoint().WithHttpHealthCheck("/nowhere");
        await test.StartAsync();
        var seen = await test.Notifications.WaitForResourceAsync(
            "web", change => change.Snapshot.HealthReports.Any(report => report.Description?.Contains("404", StringComparison.Ordinal) == true), test.Deadline);
        Assert.Equal(HealthStatus.Unhealthy, seen.Snapshot.HealthStatus);
    }

    [Fact]
    public async Task AddProject_KestrelEndpointsInItsSettings_AreFoundAndOverridden()
    {
        await using var test = new TestApplication();
        var project = test.Builder.AddProject<ProjectWithKestrelSettings>("face").WithEndpoint("grpc", endpoint => endpoint.Port = 18777);
        var endpoints = project.Resource.Annotations.OfType<EndpointAnnotation>().ToArray();
        Assert.Equal([("grpc", 18777, "http2"), ("http", 18080, "http")], endpoints.OrderBy(endpoint => endpoint.Name).Select(endpoint => (endpoint.Name, endpoint.Port!.Value, endpoint.Transport)));
        test.Shell("client", "echo $services__face__grpc__0 $FACE_HTTP").WithReference(project);
        await test.StartAsync();
        Assert.Equal([$"{project.GetEndpoint("grpc").Url} {project.GetEndpoint("http").Url}"], await test.OutputAsync("client"));
        var face = await test.Notifications.WaitForResourceAsync("face", seen => seen.Snapshot.EnvironmentVariables.Length > 0, test.Deadline);
        var variables = face.Snapshot.EnvironmentVariables.ToDictionary(variable => variable.Name, variable => variable.Value);
        Assert.Equal(project.GetEndpoint("grpc").Url, variables["Kestrel__Endpoints__grpc__Url"]);
        Assert.Equal(project.GetEndpoint("http").Url, variables["Kestrel__Endpoints__http__Url"]);
        Assert.DoesNotContain("ASPNETCORE_URLS", variables.Keys);
    }

    private sealed class ProjectWithKestrelSettings : IProjectMetadata
    {
        private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Hosting", "KestrelProject");

        // Only its folder matters here.
        public string ProjectPath => Path.Combine(Folder, "appsettings.json");
        public string? AssemblyPath => new Projects.RftAspire_Embedded_Tests_Service().AssemblyPath;
    }
}
