using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace RftAspire.Embedded.Tests.Hosting;

public sealed class ModelTests
{
    [Theory]
    [InlineData("")]
    [InlineData("1st")]
    [InlineData("ends-")]
    [InlineData("two--hyphens")]
    [InlineData("under_score")]
    public async Task AddExecutable_NameAgainstTheRule_IsRefused(string name)
    {
        await using var test = new TestApplication();
        var error = Assert.Throws<ArgumentException>(() => test.Shell(name, "true"));
        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddResource_NameTakenInOtherCase_IsRefused()
    {
        await using var test = new TestApplication();
        test.Shell("worker", "true");
        var error = Assert.Throws<DistributedApplicationException>(() => test.Shell("Worker", "true"));
        Assert.Contains("'Worker'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WaitFor_Itself_IsRefused()
    {
        await using var test = new TestApplication();
        var worker = test.Shell("worker", "true");
        Assert.Throws<DistributedApplicationException>(() => worker.WaitFor(worker));
    }

    [Fact]
    public async Task WithHttpEndpoint_SameNameTwice_IsRefused()
    {
        await using var test = new TestApplication();
        var worker = test.Shell("worker", "true").WithHttpEndpoint();
        var error = Assert.Throws<DistributedApplicationException>(() => worker.WithHttpEndpoint());
        Assert.Contains("'http'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ParameterWithoutValue_NamesTheSetting()
    {
        await using var test = new TestApplication();
        test.Builder.AddParameter("admin-key", secret: true);
        var error = await Assert.ThrowsAsync<DistributedApplicationException>(test.StartAsync);
        Assert.Contains("Parameters__admin_key", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AddParameter_UnderscoreInConfiguration_IsFound()
    {
        await using var test = new TestApplication("--Parameters:admin_key=abc");
        var parameter = test.Builder.AddParameter("admin-key");
        Assert.Equal("abc", await parameter.Resource.GetValueAsync());
    }

    [Fact]
    public async Task AddParameter_PersistedDefault_IsGeneratedOnceAndPrivate()
    {
        await using var test = new TestApplication();
        var first = test.Builder.AddParameter("first", new GenerateParameterDefault { Special = false }, secret: true, persist: true);
        var value = await first.Resource.GetValueAsync();
        var again = test.Builder.CreateResourceBuilder(ParameterResourceBuilderExtensions.CreateParameter(
            test.Builder, "first", new GenerateParameterDefault(), secret: true, persist: true));
        Assert.Matches("^[A-Za-z0-9]{22,}$", value);
        Assert.Equal(value, await again.Resource.GetValueAsync());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(test.Folder, "secrets.json")));
    }

    [Fact]
    public async Task ReferenceExpression_UriFormat_EncodesTheValue()
    {
        await using var test = new TestApplication("--Parameters:word=a/b c");
        var word = test.Builder.AddParameter("word");
        var expression = ReferenceExpression.Create($"x://{word:uri}@{word}");
        Assert.Equal("x://a%2Fb%20c@a/b c", await expression.GetValueAsync());
    }

    [Fact]
    public async Task Start_ReplicasOnFixedPort_IsRefused()
    {
        await using var test = new TestApplication("--DcpPublisher:RandomizePorts=false");
        test.Builder.AddProject<Projects.RftAspire_Embedded_Tests_Service>("web").WithHttpEndpoint(port: 18123).WithReplicas(2);
        var error = await Assert.ThrowsAsync<DistributedApplicationException>(test.StartAsync);
        Assert.Contains("18123", error.Message, StringComparison.Ordinal);
    }
}
