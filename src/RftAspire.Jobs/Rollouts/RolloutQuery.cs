using RftAspire.Contracts;
using RftAspire.Contracts.Graders;
using RftAspire.Contracts.Jobs.V1;
using RftAspire.Contracts.Messages;
using RftAspire.Jobs.State;

namespace RftAspire.Jobs.Rollouts;

/// <summary>Which rollouts are asked for.</summary>
internal sealed record RolloutQuery(GroupPurpose Purpose, ListRolloutsRequest Request)
{
    private static readonly Dictionary<string, GroupPurpose> s_purposes = new()
    {
        [""] = GroupPurpose.Train,
        ["train"] = GroupPurpose.Train,
        ["eval_greedy"] = GroupPurpose.EvalGreedy,
        ["eval_sampled"] = GroupPurpose.EvalSampled,
    };

    public static RolloutQuery Read(ListRolloutsRequest request, JobRecord job)
    {
        var faults = new List<Violation>();
        if (!s_purposes.TryGetValue(request.Purpose, out var purpose))
            faults.Add(new Violation("purpose", $"'{request.Purpose}' is unknown; one of {string.Join(", ", s_purposes.Keys.Skip(1))}"));
        if (request.HasStep && request.Step < 0) faults.Add(new Violation("step", $"{request.Step} is negative"));
        if (request.HasPromptIndex && request.PromptIndex < 0) faults.Add(new Violation("prompt_index", $"{request.PromptIndex} is negative; rows count from 0"));
        CheckRange(request, faults);
        CheckGrader(request, job, faults);
        return faults.Count == 0 ? new RolloutQuery(purpose, request) : throw Faults.Invalid(faults);
    }

    public bool Covers(GroupId group) => group.Purpose == Purpose && (!Request.HasPromptIndex || group.PromptIndex == Request.PromptIndex);

    public bool Covers(GradedRollout rollout)
    {
        var part = Request.Grader.Length == 0 ? null : Array.Find(rollout.Parts, part => part.Name == Request.Grader);
        if (Request.Grader.Length > 0 && part is null) return false;
        var reward = part is null ? rollout.Reward : part.Reward;
        if (Request.Ungraded) return reward is null;
        // Without a reward there is none in the range.
        return (!Request.HasMinReward || reward >= Request.MinReward) && (!Request.HasMaxReward || reward <= Request.MaxReward);
    }

    private static void CheckRange(ListRolloutsRequest request, List<Violation> faults)
    {
        var bounded = request.HasMinReward || request.HasMaxReward;
        if (request.Ungraded && bounded) faults.Add(new Violation("ungraded", "contradicts min_reward and max_reward; leave it or them out"));
        if (request.HasMinReward && double.IsNaN(request.MinReward)) faults.Add(new Violation("min_reward", "is no number"));
        if (request.HasMaxReward && double.IsNaN(request.MaxReward)) faults.Add(new Violation("max_reward", "is no number"));
        if (request.HasMinReward && request.HasMaxReward && request.MinReward > request.MaxReward)
            faults.Add(new Violation("min_reward", FormattableString.Invariant($"{request.MinReward} is above max_reward, {request.MaxReward}")));
    }

    private static void CheckGrader(ListRolloutsRequest request, JobRecord job, List<Violation> faults)
    {
        if (request.Grader.Length == 0) return;
        var names = job.Spec.GraderJson.Length == 0 ? [] : GraderDefinition.Parse(job.Spec.GraderJson).Leaves.Select(grader => grader.Name).ToList();
        if (!names.Contains(request.Grader)) faults.Add(new Violation("grader", $"the job has no grader '{request.Grader}'; there are: {string.Join(", ", names)}"));
    }
}
