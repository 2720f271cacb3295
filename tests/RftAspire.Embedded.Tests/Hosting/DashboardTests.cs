using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RftAspire.Embedded.Tests.Hosting;

public sealed class DashboardFixture : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("hosting-test-");

    internal HostProcess Host { get; private set; } = null!;
    public HttpClient Client { get; } = new();

    public async Task InitializeAsync()
    {
        Host = HostProcess.Start(folder.FullName, ["--Servers=false", "--Parameters:api-key=very-secret-word"]);
        await Host.WaitUntilHealthyAsync(3);
        Client.BaseAddress = new Uri(await Host.Dashboard);
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        folder.Delete(recursive: true);
    }
}

public sealed partial class DashboardTests(DashboardFixture dashboard) : IClassFixture<DashboardFixture>
{
    [Fact]
    public async Task Resources_RunningHost_ListsProcessesAndLinks()
    {
        var web = await WebAsync();
        Assert.Equal("Running", (string?)web["state"]);
        Assert.Equal("Healthy", (string?)web["health"]);
        Assert.NotNull(System.Diagnostics.Process.GetProcessById((int)web["pid"]!));
        Assert.Equal(HttpStatusCode.OK, (await dashboard.Client.GetAsync(new Uri($"{web["links"]![0]!["url"]}/health"))).StatusCode);
    }

    [Fact]
    public async Task Page_ByName_LoadsNothingFromElsewhere()
    {
        using var response = await dashboard.Client.GetAsync(new Uri("/", UriKind.Relative));
        var html = await response.Content.ReadAsStringAsync();
        Assert.Contains("Resources", html, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=\"", html);
        Assert.StartsWith("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_ForeignHostName_IsRefused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/resources");
        request.Headers.Host = "rebound.example";
        using var response = await dashboard.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, response.StatusCode);
    }

    [Fact]
    public void Start_Host_ListensOnLoopbackOnly()
    {
        var addresses = ListeningSockets.Of(new HashSet<int> { dashboard.Host.Id });
        Assert.NotEmpty(addresses);
        Assert.All(addresses, address => Assert.True(IPAddress.IsLoopback(address), address.ToString()));
    }

    [Fact]
    public async Task Command_WithoutToken_IsForbidden()
    {
        using var response = await dashboard.Client.PostAsync(new Uri("/api/resources/sleeper/stop", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Command_WithThePagesToken_RestartsTheProcess()
    {
        var before = (int)(await WebAsync())["pid"]!;
        var page = await dashboard.Client.GetStringAsync(new Uri("/", UriKind.Relative));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/resources/web/restart");
        request.Headers.Add("X-Dashboard-Token", Token().Match(page).Groups[1].Value);
        using var response = await dashboard.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.NotEqual(before, (int)(await WebAsync())["pid"]!);
        await dashboard.Host.WaitUntilHealthyAsync(3);
    }

    [Fact]
    public async Task Log_OfAProcess_HoldsItsLines()
    {
        var lines = JsonNode.Parse(await dashboard.Client.GetStringAsync(new Uri("/api/logs/sleeper?after=0", UriKind.Relative)))!.AsArray();
        Assert.Contains(lines, line => ((string)line!["text"]!).StartsWith("sleeping", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_SecretParameter_IsMaskedEverywhere()
    {
        var sleeper = await dashboard.Client.GetStringAsync(new Uri("/api/resources", UriKind.Relative));
        var log = await dashboard.Client.GetStringAsync(new Uri("/api/logs/sleeper?after=0", UriKind.Relative));
        Assert.Contains("API_KEY", sleeper, StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret-word", sleeper + log, StringComparison.Ordinal);
    }

    private async Task<JsonNode> WebAsync() => (await dashboard.Host.ResourcesAsync()).Single(resource => (string?)resource!["name"] == "web")!;

    [GeneratedRegex("token = \"([0-9a-f]+)\"")]
    private static partial Regex Token();
}
