using RftAspire.Contracts;
using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Model;
using RftAspire.Engine.Numerics;
using RftAspire.Engine.Training;
using RftAspire.Services.Tests.Cli;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly ArtifactStore _artifacts;
    private readonly JobSpec _spec;
    private readonly JobModel _model;
    private readonly AdamW _optimizer;

    public CheckpointStoreTests()
    {
        _artifacts = TrainingUnderTest.WriteJob(_folder.Path, "job-1");
        _spec = ArtifactStore.ReadJson<JobSpec>(_artifacts.JobSpecFile("job-1"));
        _model = new JobModel(_spec, _artifacts, threads: 1);
        _optimizer = new AdamW(_model.Policy.Layout, new AdamWSettings(), _model.Team);
    }

    private string Base => _artifacts.ModelFolder("base")!;
    private string Checkpoints => Path.Combine(_artifacts.JobFolder("job-1"), "checkpoints");

    public void Dispose()
    {
        _optimizer.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Restore_LatestCommit_IsExact()
    {
        var store = Store();
        Assert.Null(store.Latest());
        Commit(store, 1);
        var committed = Commit(store, 2);
        using var other = new JobModel(_spec, _artifacts, threads: 1);
        using var optimizer = new AdamW(other.Policy.Layout, new AdamWSettings(), other.Team);

        var latest = Store().Latest()!;
        new CheckpointStore(_artifacts, _spec, other, 2).Restore(latest, optimizer);

        Assert.Equal((committed.Weights, 2), (latest.Weights, latest.OptimizerSteps));
        Assert.Equal(committed.Metrics, latest.Metrics);
        Assert.Equal(2, optimizer.Steps);
        AssertSame(_model.Policy, other.Policy);
        AssertSame(_optimizer.Means, optimizer.Means);
        AssertSame(_optimizer.Variances, optimizer.Variances);
    }

    [Fact]
    public void Commit_Folder_IsAWholeModelOfTheNamedDigest()
    {
        var weights = Commit(Store(), 1).Weights;
        var folder = Path.Combine(_artifacts.Root, weights.Location);
        Assert.Equal(weights.Digest, CheckpointFolder.WeightsDigest(CheckpointFolder.Load(folder)));
        Assert.Equal(File.ReadAllBytes(Path.Combine(Base, "tokenizer.json")), File.ReadAllBytes(Path.Combine(folder, "tokenizer.json")));
        Assert.False(Path.IsPathRooted(weights.Location));
    }

    [Fact]
    public void Commit_MoreThanAreKept_RemovesTheOldest()
    {
        var store = Store(kept: 2);
        for (var version = 1; version <= 4; version++) Commit(store, version);
        Assert.Equal(["step-00003", "step-00003.json", "step-00003.optimizer.safetensors", "step-00004", "step-00004.json", "step-00004.optimizer.safetensors"], Names());
    }

    [Fact]
    public void Latest_CheckpointsCutOff_AreRemoved()
    {
        Commit(Store(), 1);
        Commit(Store(), 2);
        // What a process leaves behind that dies at different places of writing step 3.
        File.Delete(Path.Combine(Checkpoints, "step-00002.json"));
        Directory.CreateDirectory(Path.Combine(Checkpoints, "step-00003.0123.tmp"));
        _folder.Write(Path.Combine(Checkpoints, "step-00003.json.0123.tmp"), "{");
        _folder.Write(Path.Combine(Checkpoints, "step-00003.optimizer.safetensors"), "");

        Assert.Equal(1, Store().Latest()!.Weights.Version);
        Assert.Equal(["step-00001", "step-00001.json", "step-00001.optimizer.safetensors"], Names());
    }

    [Fact]
    public void Latest_OnlyACutOffCheckpoint_IsNone()
    {
        Commit(Store(), 1);
        File.Delete(Path.Combine(Checkpoints, "step-00001.json"));
        Assert.Null(Store().Latest());
        Assert.Empty(Names());
    }

    [Fact]
    public void Commit_AgainAfterACutOff_ReplacesTheFolder()
    {
        var first = Commit(Store(), 1);
        File.Delete(Path.Combine(Checkpoints, "step-00001.json"));
        var again = Commit(Store(), 1);
        Assert.NotEqual(first.Weights.Digest, again.Weights.Digest);
        Assert.Equal(again.Weights, Store().Latest()!.Weights);
        Assert.Equal(3, Names().Length);
    }

    private CheckpointStore Store(int kept = 2) => new(_artifacts, _spec, _model, kept);

    private CheckpointManifest Commit(CheckpointStore store, int version)
    {
        using var gradients = Parameters.Random(_model.Config, RandomKey.FromSeed(version));
        _optimizer.Step(_model.Policy, gradients, 1e-2);
        return store.Commit(version, _optimizer, new Dictionary<string, double> { ["reward/mean"] = 0.1 * version });
    }

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(Checkpoints).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static void AssertSame(ParameterVector expected, ParameterVector actual)
    {
        foreach (var tensor in expected.Layout.Tensors) Assert.Equal(expected.Tensor(tensor), actual.Tensor(tensor));
    }
}
