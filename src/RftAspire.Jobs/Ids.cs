using System.Globalization;
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

    public static string NewUpload() => "upload_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewPart() => "part_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewEval() => "eval_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewEvalRun() => "evalrun_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    public static string NewWebhook() => "wh_" + RandomNumberGenerator.GetHexString(Digits, lowercase: true);

    /// <summary>The file of a job's metrics: the same name whenever it is written.</summary>
    public static string ResultFile(string jobId) => "file-" + jobId[JobPrefix.Length..];

    public static string Checkpoint(string jobId, int step) => CheckpointStart(jobId) + step.ToString(CultureInfo.InvariantCulture);

    /// <summary>The step of one of the job's checkpoints, null where the id is of something else.</summary>
    public static int? StepOfCheckpoint(string jobId, string id) =>
        id.StartsWith(CheckpointStart(jobId), StringComparison.Ordinal)
        && int.TryParse(id.AsSpan(CheckpointStart(jobId).Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : null;

    private static string CheckpointStart(string jobId) => $"ftckpt_{jobId[JobPrefix.Length..]}-";

    /// <summary><c>ft:{base}:{tenant}:{suffix}:{start of the job's id}</c>.</summary>
    public static string TunedModel(string model, string tenant, string suffix, string jobId) =>
        ModelNames.Tuned(model, tenant, suffix, jobId.Substring(JobPrefix.Length, ShortDigits));
}
