using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Configuration;

namespace RftAspire.Contracts;

/// <summary>
/// Where datasets, job files, checkpoints and models lie, as one folder that every service can reach. Ids are checked, never
/// trusted as paths; files appear whole (temporary name, flush to disk, rename).
/// </summary>
/// <param name="root">The store's folder.</param>
/// <param name="baseModels">The folder of base models, one Hugging Face folder each.</param>
public sealed class ArtifactStore(string root, string baseModels)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A dataset row may be 64 levels deep, and stands one level deeper in a prompts file.
        MaxDepth = 128,
    };

    /// <summary>The store that section <c>Artifacts</c> names.</summary>
    /// <param name="configuration">Keys Artifacts:Root and Artifacts:BaseModels; absent ones take the repository's folders.</param>
    /// <param name="home">Where relative folders start: the service's content root.</param>
    public static ArtifactStore Open(IConfiguration configuration, string home)
    {
        string Folder(string key, string otherwise) => configuration[key] switch
        {
            null => Path.Combine(home, otherwise),
            var folder when string.IsNullOrWhiteSpace(folder) => throw new InvalidOperationException($"{key} is empty: name a folder, or leave it out for {otherwise}"),
            var folder => Path.Combine(home, folder),
        };
        return new ArtifactStore(Folder("Artifacts:Root", "../../.rft/artifacts"), Folder("Artifacts:BaseModels", "../../models"));
    }

    public string Root { get; } = Path.GetFullPath(root);
    public string BaseModels { get; } = Path.GetFullPath(baseModels);

    public string DatasetFile(string datasetId) => Path.Combine(Root, "datasets", Id(datasetId) + ".jsonl");
    /// <summary>A file that is no dataset, as it was uploaded or as a job has written it.</summary>
    public string OtherFile(string fileId) => Path.Combine(Root, "files", Id(fileId));
    public string JobFolder(string jobId) => Path.Combine(Root, "jobs", Id(jobId));
    public string JobSpecFile(string jobId) => Path.Combine(JobFolder(jobId), "job.json");
    public string TrainingPromptsFile(string jobId) => Path.Combine(JobFolder(jobId), "prompts.train.jsonl");
    public string ValidationPromptsFile(string jobId) => Path.Combine(JobFolder(jobId), "prompts.valid.jsonl");
    /// <summary>Rollouts that a step learned from, one JSON line a group.</summary>
    public string RolloutsFile(string jobId, int step) => Path.Combine(JobFolder(jobId), "rollouts", $"step-{step:D5}.jsonl");
    /// <summary>Rollouts that a weights version was evaluated on, one JSON line a group: the greedy ones, then the sampled ones.</summary>
    public string EvalRolloutsFile(string jobId, int version) => Path.Combine(JobFolder(jobId), "rollouts", $"eval-{version:D5}.jsonl");
    /// <summary>The rows of an eval run.</summary>
    public string EvalRowsFile(string runId) => Path.Combine(Root, "evals", Id(runId) + ".jsonl");
    public string CheckpointFolder(string jobId, int version) => Path.Combine(JobFolder(jobId), "checkpoints", $"step-{version:D5}");
    public string TunedModelFolder(string name) => Path.Combine(Root, "models", ModelNames.ToFolder(name));

    /// <summary>The folder of a base model, a tuned model or a checkpoint, or null if there is none of that name.</summary>
    public string? ModelFolder(string name)
    {
        if (!ModelNames.IsName(name)) return null;
        string[] candidates = [Path.Combine(BaseModels, name), TunedModelFolder(name)];
        return candidates.FirstOrDefault(folder => File.Exists(Path.Combine(folder, "config.json")));
    }

    /// <summary>Letters, digits, hyphens, underscores and inner dots; at most 128.</summary>
    public static bool IsId(string value) =>
        value.Length is > 0 and <= 128 && value[0] != '.' && !value.Contains("..", StringComparison.Ordinal)
        && value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Writes a file that is either whole or absent.</summary>
    public static void WriteAtomically(string path, Action<Stream> write)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    public static void WriteJson<T>(string path, T value) =>
        WriteAtomically(path, stream => JsonSerializer.Serialize(stream, value, Json));

    public static T ReadJson<T>(string path)
    {
        using var stream = File.OpenRead(path);
        return JsonSerializer.Deserialize<T>(stream, Json) ?? throw new InvalidDataException($"{path} holds null");
    }

    private static string Id(string value) =>
        IsId(value) ? value : throw new ArgumentException($"'{value}' is no id: letters, digits, '-', '_' and inner '.' only, at most 128");
}
