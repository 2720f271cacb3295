using RftAspire.Engine.Checkpoints;
using RftAspire.Engine.Numerics;

namespace RftAspire.Engine.Model;

/// <summary>
/// What one layer computes for up to <c>rows</c> token rows. A learner keeps one per layer for the backward pass; a sampler
/// reuses a single one and lets the residual stream stay in place.
/// </summary>
internal sealed unsafe class LayerActivations : IDisposable
{
    private readonly List<NativeBuffer> _buffers = [];

    public LayerActivations(ModelConfig config, int rows, bool keepForBackward)
    {
        int hidden = config.HiddenSize, query = config.Heads * config.HeadDim, all = query + 2 * config.KvHeads * config.HeadDim;
        Input = New(rows, hidden);
        Normed = New(rows, hidden);
        QueryKeyValue = New(rows, all);
        Attended = New(rows, query);
        Middle = keepForBackward ? New(rows, hidden) : Input;
        MiddleNormed = keepForBackward ? New(rows, hidden) : Normed;
        GateUp = New(rows, 2 * config.IntermediateSize);
        Activated = New(rows, config.IntermediateSize);
        if (!keepForBackward) return;
        InputRoots = New(rows, 1);
        MiddleRoots = New(rows, 1);
        if (config.QkNorm) RawQueryKeyValue = New(rows, all);
    }

    /// <summary>The residual stream as it enters, [rows, hidden].</summary>
    public float* Input { get; }
    public float* Normed { get; }
    /// <summary>Queries, keys and values after rotation, [rows, (heads + 2 kvHeads) * headDim].</summary>
    public float* QueryKeyValue { get; }
    /// <summary>The same before head norms and rotation; only where they are needed backward.</summary>
    public float* RawQueryKeyValue { get; }
    public float* Attended { get; }
    /// <summary>The residual stream after attention.</summary>
    public float* Middle { get; }
    public float* MiddleNormed { get; }
    public float* GateUp { get; }
    public float* Activated { get; }
    public float* InputRoots { get; }
    public float* MiddleRoots { get; }

    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
    }

    private float* New(int rows, int columns)
    {
        var buffer = new NativeBuffer((long)rows * columns);
        _buffers.Add(buffer);
        return buffer.Start;
    }
}
