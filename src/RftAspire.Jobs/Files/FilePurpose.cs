namespace RftAspire.Jobs.Files;

/// <summary>What a file is for. Both SDKs know no other purposes, and .NET's cannot read a list that has one.</summary>
public static class FilePurpose
{
    /// <summary>A dataset: JSON Lines, checked.</summary>
    public const string FineTune = "fine-tune";

    /// <summary>What a job has written.</summary>
    public const string Results = "fine-tune-results";

    /// <summary>Those that a caller may upload.</summary>
    public static readonly string[] Uploads = [FineTune, "evals", "user_data", "assistants", "batch", "vision"];

    public static readonly string[] All = [.. Uploads, Results];
}
