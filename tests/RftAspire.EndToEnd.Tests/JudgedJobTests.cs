using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RftAspire.Contracts;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Services.Tests.Judge;

namespace RftAspire.EndToEnd.Tests;

/// <summary>A job whose rewards come from a judge behind an unreliable endpoint, over real HTTP.</summary>
[Collection(Platform.OneAtATime)]
public sealed partial class JudgedJobTests
{
    private const int Steps = 5;
    private const string Grader = """
        {"type":"score_model","name":"quality","model":"stub","range":[0,1],
         "input":[{"role":"system","content":"Rate the labels from 0 to 1."},
                  {"role":"user","content":"Right: {{item.labels}}\nAnswer: {{sample.output_text}}"}]}
        """;

    private readonly ConcurrentDictionary<string, int> _asked = new();

    [Fact]
    public async Task Job_FiveHundredRolloutsJudgedByAFlakyEndpoint_EndsWithExactCountsByKind()
    {
        await using var endpoint = await StubChatServer.StartAsync();
        endpoint.On("stub", Answer);
        var artifacts = Directory.CreateTempSubdirectory("rft-judged-");
        try
        {
            await using var platform = await Platform.StartAsync(artifacts: artifacts.FullName, settings: new()
            {
                ["Judge__Endpoint"] = endpoint.Endpoint.ToString(),
                ["Judge__ApiKey"] = "secret",
                ["Training__MaxUngradedShare"] = "0.5",
            });

            var job = await platform.CreateAsync(Grader, new Contracts.Jobs.V1.Hyperparameters { Steps = Steps, PromptsPerStep = 10, GroupSize = 10 });
            var (end, events) = await platform.FinishAsync(job.Id);

            Assert.Equal((JobState.Succeeded, null), (end.State, end.Error?.Message));
            Assert.Equal(5, events.Single(e => e.GraderChecked is not null).GraderChecked.Canaries.Count(score => score is { Grader: "quality", Reward: 0, Ungraded: 0 }));
            AssertExact(Rollouts(artifacts.FullName, job.Id), events);
        }
        finally
        {
            artifacts.Delete(recursive: true);
        }
    }

    private static void AssertExact(List<GradedRollout> rollouts, List<JobEvent> events)
    {
        Assert.Equal(500, rollouts.Count);
        foreach (var rollout in rollouts)
        {
            var (kind, score) = Verdict(rollout.Rollout.Text);
            Assert.Equal((kind, kind is null ? score : null), (rollout.Error?.Kind, rollout.Reward));
        }
        foreach (var kind in (string[])["judge_unreadable", "judge_out_of_range", "judge_refused"])
        {
            var expected = rollouts.Count(rollout => Verdict(rollout.Rollout.Text).Kind == kind);
            Assert.True(expected > 0, $"no rollout of {kind}: choose another seed");
            Assert.Equal(expected, events.Sum(e => e.StepTrained?.Metrics.GetValueOrDefault($"ungraded/{kind}") ?? 0));
        }
        Assert.Equal(rollouts.Count(rollout => rollout.Error is not null), events.Sum(e => e.StepTrained?.Metrics["rollouts/ungraded"] ?? 0));
        Assert.All(events.Where(e => e.StepTrained is not null), e => Assert.True(e.StepTrained.Metrics["grader/quality/tokens"] > 0));
    }

    private static List<GradedRollout> Rollouts(string artifacts, string jobId)
    {
        var store = new ArtifactStore(artifacts, artifacts);
        return [.. Enumerable.Range(1, Steps).SelectMany(step => File.ReadLines(store.RolloutsFile(jobId, step)))
            .SelectMany(line => JsonSerializer.Deserialize<PromptGroupGraded>(line, ArtifactStore.Json)!.Rollouts)];
    }

    // What is to become of an answer in the end, by its own digest.
    private static (string? Kind, double? Score) Verdict(string candidate) => Draw(candidate) switch
    {
        0 or 1 => ("judge_unreadable", null),
        2 or 3 => ("judge_out_of_range", null),
        4 => ("judge_refused", null),
        var drawn => (null, drawn % 5 / 4.0),
    };

    private StubAnswer Answer(StubQuestion question)
    {
        var candidate = Candidate(question.Prompt);
        // The trial answers before the job are none that a model of labels gives.
        if (!candidate.StartsWith('{')) return StubAnswer.Score(0);
        var (kind, score) = Verdict(candidate);
        if (_asked.AddOrUpdate(question.Prompt, 1, (_, times) => times + 1) == 1 && Trouble(candidate) is { } trouble) return trouble;
        return kind switch
        {
            "judge_unreadable" => Draw(candidate) == 0 ? StubAnswer.Text("Quite good.") : StubAnswer.Text(StubAnswer.Judgement("\"high\"")),
            "judge_out_of_range" => StubAnswer.Score(Draw(candidate) == 2 ? 1.5 : -0.1),
            "judge_refused" => StubAnswer.Refusal("I would rather not."),
            _ => StubAnswer.Score(score!.Value),
        };
    }

    // What goes wrong once before that.
    private static StubAnswer? Trouble(string candidate) => Draw(candidate) switch
    {
        5 or 6 => StubAnswer.TooMany(0.05),
        7 or 8 => StubAnswer.Drop(),
        9 or 10 => StubAnswer.Half(),
        11 or 12 => StubAnswer.Failure(500, "out of order"),
        13 => StubAnswer.Slow(TimeSpan.FromMilliseconds(300), (double)Verdict(candidate).Score!),
        _ => null,
    };

    private static int Draw(string candidate) => SHA256.HashData(Encoding.UTF8.GetBytes(candidate))[0] % 64;

    // The fence marks each line of the data.
    private static string Candidate(string prompt) => string.Join('\n', Fenced().Match(prompt).Groups[1].Value.Split('\n')
        .Where(line => line.StartsWith('|')).Select(line => line.Length > 2 ? line[2..] : ""));

    [GeneratedRegex(@"\[\[data [0-9a-f]+ sample\.output_text\]\]\n(.*?)\n?\[\[end ", RegexOptions.Singleline)]
    private static partial Regex Fenced();
}
