namespace RftAspire.Engine.Numerics;

/// <summary>
/// Emits the micro-kernels of the bf16 product: C[r, 0..32) (+)= sum over pairs of A[r, pair] * B[pair, 0..32), all sums in
/// registers. A function takes (pairs, at least 1; a; bytes from row to row of A, or from pair to pair if A is turned; b; c; bytes
/// from row to row of C) after the System V convention and writes nothing but its tile.
/// </summary>
internal sealed class BFloat16Tile(EvexAssembler code, int rows, bool turned)
{
    /// <summary>Rows of the tallest tile: 28 sums, two vectors of B and one of A fit the 32 registers.</summary>
    public const int MostRows = 14;

    private const Register Pairs = Register.Rdi, A = Register.Rsi, AStride = Register.Rdx, B = Register.Rcx, C = Register.R8, CStride = Register.R9;
    private const int LowB = 28, HighB = 29, BroadcastA = 30, VectorBytes = 64, PairBytes = sizeof(uint);

    // The weights of a large model come from memory: ask for them 32 pairs before their turn.
    private const int BytesAhead = 32 * 2 * VectorBytes;

    // With the stride once, twice, four and eight times on top, four registers reach all rows from 0 to 13.
    private static readonly (Register Start, int Row)[] s_bases = [(A, 0), (Register.Rax, 3), (Register.R10, 5), (Register.R11, 10)];

    private readonly (Register Start, int Row)[] _bases = turned ? s_bases[..1] : [.. s_bases.Where(b => b.Row < rows)];

    /// <summary>Writes the function and returns its entries, for sums that start from zero and from C.</summary>
    public (int FromZero, int FromC) Emit()
    {
        var fromZero = code.Position;
        code.Move(Register.Rax, C);
        ForEachSum(Register.Rax, (sum, _) => code.Zero(sum));
        var ready = code.Jump();
        var fromC = code.Position;
        code.Move(Register.Rax, C);
        ForEachSum(Register.Rax, code.LoadVector);
        code.Land(ready);
        // The tile below is usually next; without its lines at hand its stores would hold up the products behind them.
        ForEachSum(Register.Rax, (_, next) => code.PrefetchForWrite(next));
        FindRows();
        var loop = code.Position;
        Step();
        code.Add(Pairs, -1);
        code.JumpIfNotZero(loop);
        ForEachSum(C, code.StoreVector);
        code.ZeroUpper();
        code.Return();
        return (fromZero, fromC);
    }

    private void ForEachSum(Register row, Action<int, Address> action)
    {
        for (var r = 0; r < rows; r++)
        {
            action(2 * r, new Address(row));
            action(2 * r + 1, new Address(row, VectorBytes));
            code.Add(row, CStride);
        }
    }

    private void FindRows()
    {
        for (var i = 1; i < _bases.Length; i++)
        {
            var (start, row) = _bases[i];
            code.Lea(start, row == 10 ? new Address(Register.R10, 0, AStride, 4) : new Address(A, 0, AStride, row - 1));
            code.Add(start, AStride);
        }
    }

    private void Step()
    {
        code.LoadVector(LowB, new Address(B));
        code.LoadVector(HighB, new Address(B, VectorBytes));
        code.Prefetch(new Address(B, BytesAhead));
        code.Prefetch(new Address(B, BytesAhead + VectorBytes));
        for (var r = 0; r < rows; r++)
        {
            // One broadcast for both products is cheaper than one inside each: loads are the scarcer resource.
            code.Broadcast(BroadcastA, turned ? new Address(A, r * PairBytes) : Row(r));
            code.DotPairs(2 * r, LowB, BroadcastA);
            code.DotPairs(2 * r + 1, HighB, BroadcastA);
        }
        if (turned) code.Add(A, AStride);
        else foreach (var (start, _) in _bases) code.Add(start, PairBytes);
        code.Add(B, 2 * VectorBytes);
    }

    private Address Row(int row)
    {
        var (start, first) = _bases.First(b => row - b.Row is 0 or 1 or 2 or 4 or 8);
        return new Address(start, 0, AStride, row - first);
    }
}
