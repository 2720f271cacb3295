namespace RftAspire.Engine.Checkpoints;

/// <summary>Where a tensor's values are when they are wanted, row-major.</summary>
public delegate ReadOnlySpan<float> TensorValues();

/// <summary>A tensor to be written; its values may lie outside the garbage collector's reach and are looked at in their turn.</summary>
public sealed record StoredTensor(string Name, long[] Shape, TensorValues Values)
{
    public StoredTensor(string name, long[] shape, float[] values) : this(name, shape, () => values)
    {
    }
}
