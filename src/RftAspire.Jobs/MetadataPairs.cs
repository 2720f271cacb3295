using RftAspire.Contracts;

namespace RftAspire.Jobs;

/// <summary>Pairs that callers keep with their things; the bounds are OpenAI's.</summary>
internal static class MetadataPairs
{
    private const int Most = 16;
    private const int LongestKey = 64;
    private const int LongestValue = 512;

    public static void Check(IDictionary<string, string> metadata, List<Violation> faults)
    {
        if (metadata.Count > Most) faults.Add(new Violation("metadata", $"has {metadata.Count} pairs; at most {Most}"));
        foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal).Take(Most))
        {
            if (key.Length is 0 or > LongestKey) faults.Add(new Violation("metadata", $"a key has {key.Length} characters; 1 to {LongestKey}"));
            else if (value.Length > LongestValue) faults.Add(new Violation($"metadata.{key}", $"has {value.Length} characters; at most {LongestValue}"));
        }
    }
}
