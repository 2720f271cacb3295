using System.Security.Cryptography;
using RftAspire.Contracts;

namespace RftAspire.Jobs;

/// <summary>Names that the service gives.</summary>
public static class Ids
{
    private const int Digits = 24;
    private const int ShortDigits = 8;
    private const int LongestName = 128;
    private const string JobPrefix = "ftjob-";

    public static string NewJob() => JobPrefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewFile() => "file-" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewWebhook() => "wh_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    /// <summary><c>{model}-{suffix}-{start of the job's id}</c>; a long model name is cut so that the whole stays an id.</summary>
    public static string TunedModel(string model, string suffix, string jobId)
    {
        var end = $"{(suffix.Length > 0 ? "-" : "")}{suffix}-{jobId.AsSpan(JobPrefix.Length, ShortDigits)}";
        var name = model[..Math.Min(model.Length, LongestName - end.Length)].TrimEnd('.') + end;
        return ArtifactStore.IsId(name) ? name : throw new ArgumentException($"'{model}' and '{suffix}' make no model name");
    }
}
