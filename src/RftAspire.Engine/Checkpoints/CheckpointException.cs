namespace RftAspire.Engine.Checkpoints;

/// <summary>A checkpoint file that is malformed, does not fit its config, or asks for what the engine does not have.</summary>
public sealed class CheckpointException : Exception
{
    public CheckpointException(string file, string message, Exception? inner = null)
        : base($"{file}: {message}", inner) => File = file;

    public CheckpointException(string file, string tensor, long offset, string message)
        : base($"{file}: tensor '{tensor}' at byte {offset}: {message}") =>
        (File, Tensor, Offset) = (file, tensor, offset);

    public string File { get; }
    public string? Tensor { get; }
    /// <summary>Where the tensor's bytes begin, from the start of the file.</summary>
    public long? Offset { get; }
}
