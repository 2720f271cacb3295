namespace RftAspire.Engine.Checkpoints;

/// <summary>A model as it lies on disk: its architecture and its weights by Hugging Face tensor name, in row-major order.</summary>
public sealed record Checkpoint(ModelConfig Config, IReadOnlyDictionary<string, float[]> Weights);
