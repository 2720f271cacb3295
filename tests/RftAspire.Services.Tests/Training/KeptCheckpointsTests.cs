using RftAspire.Contracts;
using RftAspire.Contracts.Messages;
using RftAspire.Engine.Checkpoints;
using RftAspire.Services.Tests.Cli;
using RftAspire.Training;

namespace RftAspire.Services.Tests.Training;

public sealed class KeptCheckpointsTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly ArtifactStore _artifacts;
    private readonly JobSpec _spec;
    private readonly JobModel _model;

    public KeptCheckpointsTests()
    {
        _artifacts = TrainingUnderTest.WriteJob(_folder.Path, "job-1", spec => spec with { TunedModelName = "ft:base:default::0123abcd" });
        _spec = ArtifactStore.ReadJson<JobSpec>(_artifacts.JobSpecFile("job-1"));
        _model = new JobModel(_spec, _artifacts, threads: 1);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("reward/sampled", "0.1 0.4 0.2 0.3 0.5", "2 4 5")]
    [InlineData("reward/greedy", "0.5 0.4 0.3 0.2 0.1", "1 2 3")]
    [InlineData("reward/sampled", "0.5 0.5 0.5 0.5 0.5", "3 4 5")]
    [InlineData("loss/valid", "1 2 3 4 5", "3 4 5")]
    [InlineData(null, "0 0 0 0", "2 3 4")]
    public void Rank_Rewards_TheBestThreeAndTheLaterOfEqualsStay(string? metric, string values, string stay)
    {
        var kept = Open();
        foreach (var (index, value) in values.Split(' ').Index())
            kept.Rank(Manifest(index + 1), metric is null ? [] : new() { [metric] = double.Parse(value, System.Globalization.CultureInfo.InvariantCulture) });
        Assert.Equal(stay, Steps());
        Assert.Equal(stay.Split(' ').Select(step => $"ft=base=default==0123abcd=ckpt-step-{step}"), Folders());
    }

    [Fact]
    public void Rank_SampledAndGreedy_SampledDecides()
    {
        var kept = Open();
        foreach (var step in new[] { 1, 2, 3, 4 }) kept.Rank(Manifest(step), new() { ["reward/sampled"] = step == 1 ? 1 : 0, ["reward/greedy"] = -step });
        Assert.Equal("1 3 4", Steps());
    }

    [Fact]
    public void Rank_KeptStep_IsAUsableModelWithItsMetrics()
    {
        Open().Rank(Manifest(2), new() { ["reward/greedy"] = 0.5, ["loss"] = 9 });
        var checkpoint = KeptCheckpoints.News(_artifacts, "job-1")!.Checkpoints.Single();
        using var model = CheckpointFolder.Load(_artifacts.ModelFolder(checkpoint.ModelName)!);
        Assert.Equal((checkpoint.WeightsDigest, "ft:base:default::0123abcd:ckpt-step-2"), (CheckpointFolder.WeightsDigest(model), checkpoint.ModelName));
        Assert.Equal((0.25, 0.5), (checkpoint.Metrics["loss"], checkpoint.Metrics["reward/greedy"]));
    }

    [Fact]
    public void KeepPause_OutsideTheBest_StaysUntilTheNextPause()
    {
        var kept = Open();
        foreach (var step in new[] { 1, 2, 3 }) kept.Rank(Manifest(step), new() { ["reward/greedy"] = 1 });
        kept.KeepPause(Manifest(4));
        Assert.Equal("1 2 3 4", Steps());
        Assert.False(Open().Rank(Manifest(5), new() { ["reward/greedy"] = 0 }));
        Open().KeepPause(Manifest(6));
        Assert.Equal("1 2 3 6", Steps());
        // Validated after the resume it competes like any other, and does not go where it loses.
        Open().Rank(Manifest(6), new() { ["reward/greedy"] = 0.5 });
        Assert.Equal(("1 2 3 6", 0.5), (Steps(), KeptCheckpoints.News(_artifacts, "job-1")!.Checkpoints[^1].Metrics["reward/greedy"]));
    }

    [Fact]
    public void Rank_StepThatIsKept_ChangesNothing()
    {
        Assert.True(Open().Rank(Manifest(1), []));
        var before = KeptCheckpoints.News(_artifacts, "job-1")!;
        Assert.False(Open().Rank(Manifest(1), []));
        Assert.Equal((1, 1), (before.Change, KeptCheckpoints.News(_artifacts, "job-1")!.Change));
    }

    [Fact]
    public void Open_WhatACutOffProcessLeft_IsRemoved()
    {
        var kept = Open();
        Assert.Null(KeptCheckpoints.News(_artifacts, "job-1"));
        kept.Rank(Manifest(1), []);
        // Written and not listed yet, half written, half removed, and another job's.
        _model.Save(_artifacts.TunedModelFolder("ft:base:default::0123abcd:ckpt-step-2"));
        foreach (var folder in new[] { "ft=base=default==0123abcd=ckpt-step-3.0123.tmp", "ft=base=default==0123abcd=ckpt-step-12", "ft=base=default==0123abcd", "ft=base=default==ffffffff=ckpt-step-2" })
            _folder.Write(Path.Combine(_artifacts.Root, "models", folder, "model.safetensors"), "");
        Open();
        Assert.Equal(["ft=base=default==0123abcd", "ft=base=default==0123abcd=ckpt-step-1", "ft=base=default==ffffffff=ckpt-step-2"], Folders());
    }

    private KeptCheckpoints Open() => new(_artifacts, _spec, _model);

    private CheckpointManifest Manifest(int step) =>
        new(new WeightsReference(step, "", CheckpointFolder.WeightsDigest(_model.Policy)), step, new Dictionary<string, double> { ["loss"] = 0.25 });

    private string Steps() => string.Join(' ', KeptCheckpoints.News(_artifacts, "job-1")!.Checkpoints.Select(checkpoint => checkpoint.Step));

    private IEnumerable<string?> Folders() => Directory.EnumerateDirectories(Path.Combine(_artifacts.Root, "models")).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
