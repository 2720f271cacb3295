namespace RftAspire.Training;

/// <summary>A reason why a job cannot go on: its code and message are stored with the job and shown.</summary>
public sealed class TrainingException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;
}
