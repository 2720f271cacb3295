using System.Text;
using RftAspire.Client;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Services.Tests.Cli;
using RftAspire.Services.Tests.Jobs;

namespace RftAspire.Services.Tests.Client;

/// <summary>The client, and the commands on it, against the real Jobs.</summary>
public sealed class RftClientTests(JobsUnderTest service) : IClassFixture<JobsUnderTest>
{
    private RftClient Rft => new(service.GrpcAddress, service.Key, new RftClientOptions { RetryDelay = TimeSpan.FromMilliseconds(20) });

    [RedisFact]
    public async Task Upload_Dataset_ComesBackAsItWas()
    {
        using var rft = Rft;
        var stored = await rft.Files.UploadAsync(new MemoryStream(Encoding.UTF8.GetBytes(JobsUnderTest.GoodRow)), new FileHeader { Filename = "rows.jsonl" });
        using var copy = new MemoryStream();

        await rft.Files.DownloadAsync(stored.Id, copy);
        await rft.Files.DeleteAsync(stored.Id);

        Assert.Equal(JobsUnderTest.GoodRow, Encoding.UTF8.GetString(copy.ToArray()));
        await Assert.ThrowsAsync<NotFoundException>(() => rft.Files.GetAsync(stored.Id));
    }

    [RedisFact]
    public async Task Watch_Job_GivesEveryEventOnceToTheEnd()
    {
        using var rft = Rft;
        var job = await rft.Jobs.CreateAsync(await service.RequestAsync());
        var watching = SequencesAsync(rft, job.Id);

        await service.PublishAsync(new JobFailed(job.Id, "grader_error", "no"));

        var sequences = await watching.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(Enumerable.Range(1, sequences.Count).Select(number => (long)number), sequences);
        Assert.Equal("no", (await rft.Jobs.GetAsync(job.Id)).Error.Message);
    }

    [RedisFact]
    public async Task Create_FaultyRequest_NamesEveryField()
    {
        using var rft = Rft;
        var error = await Assert.ThrowsAsync<InvalidRequestException>(() => rft.Jobs.CreateAsync(new CreateJobRequest { Model = "none" }));

        Assert.Equal(["model", "training_dataset_id", "grader_json"], error.Violations.Select(violation => violation.Field));
    }

    [RedisFact]
    public async Task Cancel_EndedJob_IsTheWrongState()
    {
        using var rft = Rft;
        var job = await rft.Jobs.CreateAsync(await service.RequestAsync());
        await service.PublishAsync(new JobCancelled(job.Id));
        await rft.Jobs.WaitAsync(job.Id);

        await Assert.ThrowsAsync<WrongStateException>(() => rft.Jobs.CancelAsync(job.Id));
    }

    [RedisFact]
    public async Task Any_NoKey_IsUnauthenticated()
    {
        using var rft = new RftClient(service.GrpcAddress, apiKey: null);
        await Assert.ThrowsAsync<UnauthenticatedException>(() => rft.Models.GetAsync("base"));
    }

    [Fact]
    public async Task Any_NobodyThere_IsUnavailableAfterItsRetries()
    {
        using var rft = new RftClient(new Uri("http://127.0.0.1:1"), "k", new RftClientOptions { MaxRetries = 1, RetryDelay = TimeSpan.FromMilliseconds(1) });
        var error = await Assert.ThrowsAsync<UnavailableException>(() => rft.Models.GetAsync("base"));
        Assert.False(error.WasReached);
    }

    [RedisFact]
    public async Task Keys_OfTheCommandLine_WorkUntilTheyAreRevoked()
    {
        var made = await RunAsync(service.Key, "keys", "create", "--name", "ci", "--role", "viewer", "--json");
        var (id, secret) = (made.Json.GetProperty("id").GetString()!, made.Json.GetProperty("secret").GetString()!);

        var allowed = await RunAsync(secret, "models", "list");
        var denied = await RunAsync(secret, "keys", "list");
        var revoked = await RunAsync(service.Key, "keys", "revoke", id);
        var after = await RunAsync(secret, "models", "list");

        Assert.Equal((0, 2, 0, 2), (allowed.Code, denied.Code, revoked.Code, after.Code));
        Assert.Contains("admin", denied.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(id, (await RunAsync(service.Key, "keys", "list")).Out, StringComparison.Ordinal);
        Assert.Contains("RevokeKey", (await RunAsync(service.Key, "keys", "audit")).Out, StringComparison.Ordinal);
        Assert.Contains("concurrent_jobs", (await RunAsync(service.Key, "keys", "limits")).Out, StringComparison.Ordinal);
    }

    [RedisFact]
    public async Task Files_OfTheCommandLine_GoUpAndComeBack()
    {
        using var scratch = new ScratchFolder();
        scratch.Write("rows.jsonl", JobsUnderTest.GoodRow);

        var up = await InAsync(scratch.Path, "files", "upload", "rows.jsonl");
        var id = up.Out.Trim();
        var down = await InAsync(scratch.Path, "files", "download", id, "--out", "copy.jsonl");
        var again = await InAsync(scratch.Path, "files", "download", id, "--out", "copy.jsonl");
        var list = await RunAsync(service.Key, "files", "list");
        var gone = await RunAsync(service.Key, "files", "delete", id);

        Assert.Equal((0, 0, 2, 0, 0), (up.Code, down.Code, again.Code, list.Code, gone.Code));
        Assert.Equal(JobsUnderTest.GoodRow, await File.ReadAllTextAsync(Path.Combine(scratch.Path, "copy.jsonl")));
        Assert.Contains("rows.jsonl", list.Out, StringComparison.Ordinal);
    }

    private static async Task<List<long>> SequencesAsync(RftClient rft, string jobId)
    {
        var sequences = new List<long>();
        await foreach (var happened in rft.Jobs.WatchAsync(jobId)) sequences.Add(happened.Sequence);
        return sequences;
    }

    private Task<CliRun> RunAsync(string key, params string[] args) => RunAsync(key, workingDirectory: null, args);

    private Task<CliRun> InAsync(string folder, params string[] args) => RunAsync(service.Key, folder, args);

    private Task<CliRun> RunAsync(string key, string? workingDirectory, string[] args) =>
        CliRun.OfAsync(["--server", service.GrpcAddress.ToString(), .. args], workingDirectory, default, ("RFT_API_KEY", key));
}
