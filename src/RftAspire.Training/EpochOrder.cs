using RftAspire.Engine.Numerics;

namespace RftAspire.Training;

/// <summary>The endless sequence of rows, pass after pass, each in an order of its own.</summary>
internal sealed class EpochOrder(int rows, RandomKey key)
{
    private (long Epoch, int[] Order) _epoch = (-1, []);

    /// <summary>The row at a place of the sequence.</summary>
    public int At(long position)
    {
        var epoch = position / rows;
        if (_epoch.Epoch != epoch) _epoch = (epoch, key.Derive(epoch).Permutation(rows));
        return _epoch.Order[position % rows];
    }
}
