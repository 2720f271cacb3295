using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using RftAspire.Cli.Jobs;
using RftAspire.Contracts.Jobs.V1;

namespace RftAspire.Services.Tests.Cli;

public class JobJsonTests
{
    [Fact]
    public void Of_JobWithEvents_UsesTheNamesOfTheProto()
    {
        var job = new Job
        {
            Id = "ftjob-1",
            State = JobState.Succeeded,
            Model = "tiny",
            Hyperparameters = new() { Steps = 2, LearningRate = 0.5, ShuffleRewards = false },
            Seed = long.MaxValue,
            CreatedAt = Timestamp.FromDateTime(DateTime.UnixEpoch),
            TunedModel = "tiny-tuned",
            WeightsDigest = "abc",
        };
        var document = JsonDocument.Parse(JobJson.Of(job, [.. JobEventSamples.WholeJob()]).ToJsonString()).RootElement;

        Assert.Equal("succeeded", document.GetProperty("state").GetString());
        Assert.Equal(long.MaxValue, document.GetProperty("seed").GetInt64());
        Assert.Equal("""{"steps":2,"learning_rate":0.5,"shuffle_rewards":false}""", document.GetProperty("hyperparameters").GetRawText());
        Assert.Equal("1970-01-01T00:00:00.000Z", document.GetProperty("created_at").GetString());
        Assert.Equal(JsonValueKind.Null, document.GetProperty("finished_at").ValueKind);
        Assert.Equal(JsonValueKind.Null, document.GetProperty("error").ValueKind);
        Assert.Equal("abc", document.GetProperty("weights_digest").GetString());
        Assert.Equal(6, document.GetProperty("events").GetArrayLength());
        Assert.Equal(0.5, document.GetProperty("steps")[1].GetProperty("metrics").GetProperty("reward/mean").GetDouble());
        Assert.Equal([0, 2], document.GetProperty("evals").EnumerateArray().Select(eval => eval.GetProperty("step").GetInt32()));
    }

    [Fact]
    public void Of_EveryFieldOfTheProto_HasAPlace()
    {
        var names = JobJson.Of(new Job()).Select(field => field.Key);
        Assert.Equal(Job.Descriptor.Fields.InDeclarationOrder().Select(field => field.Name), names);
    }

    [Fact]
    public void Of_FailureEvent_CarriesTheError()
    {
        var e = JobEventSamples.State(3, JobState.Failed, new() { Code = "out_of_data", Message = "no rows" });
        Assert.Equal(
            """{"sequence":3,"time":"1970-01-01T00:00:03.000Z","state_changed":{"state":"failed","error":{"code":"out_of_data","message":"no rows"}}}""",
            JobJson.Of(e).ToJsonString());
    }

    [Fact]
    public void Of_MetricThatIsNoNumber_IsNull()
    {
        var e = new JobEvent { EvalCompleted = new() { Step = 1, Metrics = { ["reward/greedy"] = double.NaN } } };
        Assert.Contains("""{"reward/greedy":null}""", JobJson.Of(e).ToJsonString(), StringComparison.Ordinal);
    }
}
