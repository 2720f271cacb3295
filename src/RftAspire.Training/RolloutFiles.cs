using System.Text.Json;
using RftAspire.Contracts;
using RftAspire.Contracts.Messages;

namespace RftAspire.Training;

/// <summary>Rollouts as they are kept for people and queries. The same job writes the same bytes.</summary>
internal static class RolloutFiles
{
    /// <summary>One JSON line a group.</summary>
    public static void Write(string path, IEnumerable<PromptGroupGraded> groups) => ArtifactStore.WriteAtomically(path, stream =>
    {
        foreach (var group in groups)
        {
            JsonSerializer.Serialize(stream, WithoutTimes(group), ArtifactStore.Json);
            stream.WriteByte((byte)'\n');
        }
    });

    private static PromptGroupGraded WithoutTimes(PromptGroupGraded group) => group with
    {
        Rollouts = [.. group.Rollouts.Select(rollout => rollout with { Parts = [.. rollout.Parts.Select(part => part with { Seconds = null })] })],
    };
}
