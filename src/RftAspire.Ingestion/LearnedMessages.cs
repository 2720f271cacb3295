using System.Text.Json;

namespace RftAspire.Ingestion;

/// <summary>Which messages of a conversation are learned: those of the assistant that have no <c>"weight": 0</c>.</summary>
internal static class LearnedMessages
{
    /// <summary>Their places, ascending; what is wrong with the row is added to the faults.</summary>
    public static int[] Find(DatasetRow row, List<Fault> faults)
    {
        var learned = row.Value.GetProperty("messages").EnumerateArray().Index()
            .Where(message => row.Messages[message.Index].Role == "assistant" && IsLearned(message.Index, message.Item, faults))
            .Select(message => message.Index)
            .ToArray();
        if (learned.Length == 0 && faults.Count == 0)
            faults.Add(new Fault("nothing_to_learn", "every message of the assistant has weight 0, so nothing is learned; give one weight 1, or leave the row out"));
        return learned;
    }

    private static bool IsLearned(int index, JsonElement message, List<Fault> faults)
    {
        if (!message.TryGetProperty("weight", out var weight)) return true;
        if (weight.ValueKind == JsonValueKind.Number && weight.GetDouble() is 0 or 1) return weight.GetDouble() is 1;
        faults.Add(new Fault("invalid_weight", $"messages[{index}].weight is {Excerpt.Of(weight)}; write 0 or 1, or leave it out"));
        return false;
    }
}
