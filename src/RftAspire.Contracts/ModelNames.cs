namespace RftAspire.Contracts;

/// <summary>
/// Names of models. A base model's is its folder's; a job's model is <c>ft:{base}:{tenant}:{suffix}:{start of the job's id}</c>, where
/// the suffix may be empty, and a checkpoint of the job is that with <c>:ckpt-step-{n}</c> behind it.
/// </summary>
public static class ModelNames
{
    private const char Separator = ':';
    // In no name, so that no two names share a folder and a folder's name is its model's. A colon is no part of a path everywhere.
    private const char FolderSeparator = '=';
    private const string Prefix = "ft:";
    private const string CheckpointPart = "ckpt-step-";
    private const int LongestTuned = 200;
    private const int Longest = 240;

    /// <summary>The name of what a job makes. A model that is tuned again leaves its base's part, so names do not grow.</summary>
    /// <param name="model">What the job starts from: a base model, a tuned one or a checkpoint.</param>
    /// <param name="tenant">Whose job it is.</param>
    /// <param name="suffix">Chosen by the caller; empty for none.</param>
    /// <param name="start">The first digits of the job's id.</param>
    public static string Tuned(string model, string tenant, string suffix, string start)
    {
        var end = $":{tenant}:{suffix}:{start}";
        var part = BaseOf(model);
        return Prefix + part[..Math.Min(part.Length, LongestTuned - Prefix.Length - end.Length)] + end;
    }

    /// <summary>The name of a job's checkpoint.</summary>
    public static string Checkpoint(string tuned, int step) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{tuned}:{CheckpointPart}{step}");

    /// <summary>Whether the name is that of a job's model or checkpoint.</summary>
    public static bool IsTuned(string name) => name.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>Whether the name is that of a job's checkpoint.</summary>
    public static bool IsCheckpoint(string name) => name.Split(Separator) is ["ft", _, _, _, _, var last] && last.StartsWith(CheckpointPart, StringComparison.Ordinal);

    /// <summary>The step in a checkpoint's name; null in any other.</summary>
    public static int? StepOf(string name) =>
        IsCheckpoint(name) && int.TryParse(name.AsSpan(name.LastIndexOf('-') + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var step) ? step : null;

    /// <summary>The name of the job's model, of its own or of a checkpoint's name.</summary>
    public static string WithoutCheckpoint(string name) => IsCheckpoint(name) ? name[..name.LastIndexOf(Separator)] : name;

    /// <summary>The base model's part of a tuned model's name, or the name of a base model itself.</summary>
    public static string BaseOf(string name) => name.Split(Separator) is ["ft", var model, ..] ? model : name;

    /// <summary>Whose model it is: the tenant's part of the name, null for a base model.</summary>
    public static string? TenantOf(string name) => name.Split(Separator) is ["ft", _, var tenant, ..] ? tenant : null;

    /// <summary>Parts of letters, digits, hyphens, underscores and inner dots with colons between them; a name is never a path.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= Longest && name[0] is not ('.' or Separator) && !name.Contains("..", StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or Separator);

    /// <summary>The name of a model's folder.</summary>
    /// <exception cref="ArgumentException">It is no name.</exception>
    public static string ToFolder(string name) =>
        IsName(name) ? name.Replace(Separator, FolderSeparator) : throw new ArgumentException($"'{name}' is no model's name: letters, digits, '-', '_', inner '.' and ':' only, at most {Longest}");

    /// <summary>The model whose folder has this name; null where it is no model's.</summary>
    public static string? OfFolder(string folder) =>
        folder.Replace(FolderSeparator, Separator) is var name && !folder.Contains(Separator) && IsName(name) ? name : null;
}
