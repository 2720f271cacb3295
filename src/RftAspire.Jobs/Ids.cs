using System.Security.Cryptography;
using RftAspire.Contracts;

namespace RftAspire.Jobs;

/// <summary>Names that the service gives.</summary>
public static class Ids
{
    private const int Digits = 24;
    private const int ShortDigits = 8;
    private const string JobPrefix = "ftjob-";

    public static string NewJob() => JobPrefix + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewFile() => "file-" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewEval() => "eval_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewEvalRun() => "evalrun_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewWebhook() => "wh_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    /// <summary><c>ft:{base}:{tenant}:{suffix}:{start of the job's id}</c>.</summary>
    public static string TunedModel(string model, string tenant, string suffix, string jobId) =>
        ModelNames.Tuned(model, tenant, suffix, jobId.Substring(JobPrefix.Length, ShortDigits));
}
